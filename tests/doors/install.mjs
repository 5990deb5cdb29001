// Puts schemathesis into tests/.cache/doors, at the versions of requirements.txt beside this file, for the test that
// holds the server against the document that it gives of itself. Running it twice does nothing the second time.
//
//   node tests/doors/install.mjs     →  tests/.cache/doors/bin/st

import { fileURLToPath } from "node:url";
import { ensure } from "../pypi.mjs";

const requirements = fileURLToPath(new URL("requirements.txt", import.meta.url));
ensure("doors", { called: "schemathesis", requirements, imports: "schemathesis" });
