// What only the real window can prove about artifacts: its webview has no PDF viewer and a strict policy, so the PDF is
// drawn by our own worker from the program's own files, and an HTML report shows without its scripts.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Key, story } from "./harness.mjs";

const PDF = `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R>>endobj
4 0 obj<</Length 31>>stream
1 0 0 rg 0 0 200 200 re f
endstream endobj
trailer<</Root 1 0 R>>
%%EOF`;
const HTML = "<h1>Report</h1><script>document.body.innerHTML = 'scripts run'</script>";
const PIXEL = `const canvas = document.querySelector("canvas");
  return canvas && [...canvas.getContext("2d").getImageData(50, 50, 1, 1).data].join()`;

story("a PDF and an HTML report are shown inside the window, as data", async (desk) => {
  const repository = await desk.repository("reports");
  await desk.flightboard("project", "add", repository, "--name", "reports");
  await desk.flightboard("add", "Write the reports", "--project", "reports");
  writeFileSync(join(desk.folder, "plan.pdf"), PDF);
  writeFileSync(join(desk.folder, "page.html"), HTML);

  const window = await desk.open();
  const copy = `mkdir -p artifacts && cp "${desk.folder}/plan.pdf" "${desk.folder}/page.html" artifacts/ && echo ready && exec sh`;
  await desk.flightboard("run", "T-1", "--agent", "custom", "--", "sh", "-c", copy);
  await window.click(await window.cardIn("in_progress", 1));
  await window.terminalShows("ready");
  await window.click(await window.css(".xterm-screen"));
  await window.type(`echo sum-$((40 + 2))${Key.ENTER}`);
  await window.terminalShows("sum-42");

  await window.click(await window.role("tab", "Artifacts"));
  await window.click(await window.css('button[title="plan.pdf"]'));
  await window.until("the page is drawn red", async () => (await window.driver.executeScript(PIXEL)) === "255,0,0,255");
  await window.screenshot("artifact-pdf");

  await window.click(await window.css('button[title="page.html"]'));
  const frame = await window.css('iframe[sandbox=""]');
  assert.match(await frame.getAttribute("srcdoc"), /Content-Security-Policy/);
  await window.driver.switchTo().frame(frame);
  await window.text("Report");
  assert.doesNotMatch(await window.textNow(), /scripts run/);
  await window.driver.switchTo().defaultContent();
  await window.screenshot("artifact-html");
});
