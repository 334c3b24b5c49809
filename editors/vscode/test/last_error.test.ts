import { equal } from "node:assert/strict";
import { test } from "node:test";

import { lastError } from "../src/last_error";

test("the last error is shown with its tip", () => {
  const written = "a warning\nerror: the language server needs `pygls`\n  tip: pip install pygls\n";

  equal(lastError(written), "error: the language server needs `pygls`; tip: pip install pygls");
});

test("without an error it is the last line, or nothing", () => {
  equal(lastError("Traceback:\nOSError: no space\n"), "OSError: no space");
  equal(lastError(""), "");
});
