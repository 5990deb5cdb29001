// Puts Python's croniter into tests/.cache/oracle, at the versions of requirements.txt beside this file, for the test
// that compares ten years of schedules with it. Running it twice does nothing the second time.
//
//   node tests/oracle/install.mjs     →  tests/.cache/oracle/bin/python3

import { fileURLToPath } from "node:url";
import { ensure } from "../pypi.mjs";

const requirements = fileURLToPath(new URL("requirements.txt", import.meta.url));
ensure("oracle", { called: "croniter", requirements, imports: "croniter, tzdata" });
