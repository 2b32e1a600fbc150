import { expect, it } from "vitest";
import { deviceName } from "./device.ts";

it.each([
  ["Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36", "Chrome, Linux"],
  ["Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605 (KHTML, like Gecko) Version/17.5 Safari/604", "Safari, iPhone"],
  ["Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox, Windows"],
  ["", "Browser"],
])("names %j", (agent, name) => expect(deviceName(agent)).toBe(name));
