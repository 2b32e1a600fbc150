/** The colours of the map as the canvas needs them: the style's, resolved for dark or light. */

const NAMES = {
  line: "--map-line", grid: "--map-grid", heard: "--map-heard", people: "--map-people", shown: "--map-shown", shownLine: "--map-shown-line",
  room: "--map-room", roomLine: "--map-room-line", ring: "--map-dot-ring", text: "--map-text", me: "--me", accent: "--accent", ink: "--ink",
  zone: "--warn", zoneFill: "--warn-soft", surface: "--surface",
} as const;

export type Palette = Record<keyof typeof NAMES, string> & { readonly dark: boolean };

export function readPalette(host: Element, dark: boolean): Palette {
  const probe = document.createElement("i");
  probe.hidden = true;
  probe.style.setProperty("forced-color-adjust", "none"); // a canvas is not recoloured; opaque system colours would hide the map
  host.append(probe);
  const colours = Object.fromEntries(Object.entries(NAMES).map(([name, variable]) => {
    probe.style.color = `var(${variable})`;
    return [name, getComputedStyle(probe).color];
  }));
  probe.remove();
  return { ...(colours as Record<keyof typeof NAMES, string>), dark };
}

/** The colour of a person's dot. */
export function dotColour(hue: number, dark: boolean): string {
  return dark ? `hsl(${hue} 45% 74%)` : `hsl(${hue} 38% 40%)`;
}
