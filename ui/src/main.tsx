// Starts the interface: picks the backend, then draws.
import "@fontsource-variable/inter";
import "@fontsource-variable/jetbrains-mono";
import "./styles/base.css";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { chooseBackend } from "./backend/choose";
import { Toaster } from "./components/Toast";
import { createData, DataProvider } from "./data/context";
import { applyTheme, rememberedTheme } from "./features/settings/theme";
import { router } from "./views/router";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");

applyTheme(rememberedTheme());
const data = createData(await chooseBackend());

createRoot(root).render(
  <StrictMode>
    <DataProvider data={data}>
      <RouterProvider router={router} />
      <Toaster />
    </DataProvider>
  </StrictMode>,
);
