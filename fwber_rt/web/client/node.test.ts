import { afterEach, expect, test, vi } from "vitest";
import { nodeEnvironment } from "./node.ts";

afterEach(() => void vi.unstubAllGlobals());

test("a Node without WebSocket is refused at once, and told what is needed", () => {
  vi.stubGlobal("WebSocket", undefined);
  expect(nodeEnvironment).toThrow("needs Node 22 or newer");
});

test("a WebSocket there is gets the address", () => {
  const WebSocket = vi.fn();
  vi.stubGlobal("WebSocket", WebSocket);
  nodeEnvironment().socket("ws://127.0.0.1:1/");
  expect(WebSocket).toHaveBeenCalledWith("ws://127.0.0.1:1/");
});
