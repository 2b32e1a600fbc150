/** Line icons, drawn here: no font, no file, nothing to load. Always beside words or a label, so hidden from readers. */
const PATHS = {
  around: "M12 2.6l8.2 4.7v9.4L12 21.4l-8.2-4.7V7.3zM12 9.2a2.8 2.8 0 110 5.6 2.8 2.8 0 010-5.6z",
  rooms: "M12 3a9 9 0 110 18 9 9 0 010-18zM8.5 10.5h7M8.5 14h4.5",
  here: "M4 5.5h16v10.5H11l-4.5 4v-4H4z",
  me: "M12 4a4 4 0 110 8 4 4 0 010-8zM4.5 20.5c.8-4 3.7-6 7.500-6s6.700 2 7.500 6",
  hexagon: "M12 2.6l8.2 4.7v9.4L12 21.4l-8.200-4.700V7.300z",
  locate: "M12 6a6 6 0 110 12 6 6 0 010-12zM12 2.500V6M12 18v3.500M2.500 12H6M18 12h3.500M12 11a1 1 0 110 2 1 1 0 010-2z",
  hand: "M12 21.500s-6.500-6-6.500-11a6.500 6.500 0 0113 0c0 5-6.500 11-6.500 11zM12 8.200a2.300 2.300 0 110 4.600 2.300 2.300 0 010-4.600z",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  back: "M14.500 5.500L8 12l6.500 6.500",
  forward: "M9.500 5.500L16 12l-6.500 6.500",
  close: "M6 6l12 12M18 6L6 18",
  vanish: "M3 3l18 18M10.600 5.200A9.800 9.800 0 0112 5c5.500 0 9 5 10 7a16 16 0 01-3.300 4.200M6.500 6.700C4 8.300 2.600 10.700 2 12c1 2 4.500 7 10 7a9.500 9.500 0 004.700-1.200M9.900 9.900a3 3 0 004.200 4.200",
  eye: "M2 12c1-2 4.500-7 10-7s9 5 10 7c-1 2-4.500 7-10 7S3 14 2 12zM12 9a3 3 0 110 6 3 3 0 010-6z",
  ghost: "M5 21V11a7 7 0 0114 0v10l-2.400-2-2.300 2-2.300-2-2.300 2-2.300-2zM9.500 10.500v.1M14.500 10.500v.1",
  shield: "M12 3l7.500 3v5.500c0 4.500-3 7.800-7.500 9.500-4.500-1.700-7.500-5-7.500-9.500V6z",
  home: "M4 11l8-7 8 7v9h-5.500v-6h-5v6H4z",
  mute: "M4 9.500v5h3.500L12 19V5L7.500 9.500zM16 9.500l5 5M21 9.500l-5 5",
  block: "M12 3a9 9 0 110 18 9 9 0 010-18zM5.700 5.700l12.600 12.600",
  flag: "M5 21V4.500c4-2.500 7 2.500 14 0V14c-7 2.500-10-2.500-14 0",
  key: "M8 9.500a4.500 4.500 0 110 9 4.500 4.500 0 010-9zM11.500 11L20 3M16.500 6.500l3 3",
  devices: "M3 5h14v9H3zM1.500 17.500h12M16 9.500h6v11h-6z",
  data: "M12 3.500v11M7.500 10.500L12 15l4.500-4.500M4 19.500h16",
  look: "M12 3a9 9 0 110 18zM12 3a9 9 0 100 18",
  check: "M5 12.500l4.500 4.500L19 7.500",
  warn: "M12 4l9.500 16.500h-19zM12 10v4.500M12 17.200v.1",
  out: "M10 4.500H4.500v15H10M14.500 8l4 4-4 4M18.500 12H9",
  search: "M10.500 4a6.500 6.500 0 110 13 6.500 6.500 0 010-13zM15.500 15.500L20.500 20.500",
  send: "M3.500 11.500L20.500 4 14 20.500l-2.800-6.700z",
  more: "M5.500 12v.1M12 12v.1M18.500 12v.1",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 22 }: { name: IconName; size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
