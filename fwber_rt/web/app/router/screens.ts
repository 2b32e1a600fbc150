/**
 * Which component is which screen. Those that a first visit does not need are loaded when they are first opened.
 * `app/rooms/` and `app/conversation/` are rooms and talk; the rest is place, people, safety and account.
 */
import type { ComponentType } from "preact";
import { lazy } from "./lazy.tsx";
import { AroundScreen } from "../people/AroundScreen.tsx";
import type { Route, Screen } from "./route.ts";

export type ScreenComponent = ComponentType<{ route: Route }>;

export const SCREENS: Record<Exclude<Screen, "signIn" | "register" | "reset">, ScreenComponent> = {
  around: AroundScreen,
  person: lazy(async () => (await import("../people/PersonScreen.tsx")).PersonScreen),
  rooms: lazy(async () => (await import("../rooms/RoomsScreen.tsx")).RoomsScreen),
  newRoom: lazy(async () => (await import("../rooms/NewRoomScreen.tsx")).NewRoomScreen),
  room: lazy(async () => (await import("../conversation/RoomScreen.tsx")).RoomScreen),
  roomAbout: lazy(async () => (await import("../rooms/RoomAboutScreen.tsx")).RoomAboutScreen),
  here: lazy(async () => (await import("../conversation/HereScreen.tsx")).HereScreen),
  me: lazy(async () => (await import("../me/MeScreen.tsx")).MeScreen),
  profile: lazy(async () => (await import("../me/ProfileScreen.tsx")).ProfileScreen),
  privacy: lazy(async () => (await import("../me/PrivacyScreen.tsx")).PrivacyScreen),
  hidden: lazy(async () => (await import("../me/HiddenScreen.tsx")).HiddenScreen),
  look: lazy(async () => (await import("../me/LookScreen.tsx")).LookScreen),
  account: lazy(async () => (await import("../me/AccountScreen.tsx")).AccountScreen),
  devices: lazy(async () => (await import("../me/DevicesScreen.tsx")).DevicesScreen),
  data: lazy(async () => (await import("../me/DataScreen.tsx")).DataScreen),
};

/** Which of the tabs a screen belongs to. */
export const TAB: Record<keyof typeof SCREENS, "around" | "rooms" | "here" | "me"> = {
  around: "around", person: "around",
  rooms: "rooms", newRoom: "rooms", room: "rooms", roomAbout: "rooms",
  here: "here",
  me: "me", profile: "me", privacy: "me", hidden: "me", look: "me", account: "me", devices: "me", data: "me",
};
