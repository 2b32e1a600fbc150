/** The device's location, followed while somebody wants it to be. */
import { finding, fix, source, trouble, type Trouble } from "../state/place.ts";

const OPTIONS: PositionOptions = { enableHighAccuracy: true, maximumAge: 5000, timeout: 20_000 };
let watch: number | null = null;

/** Ask the device, and follow it from then on. What is wrong is in `trouble`. */
export function followDevice(): void {
  stopFollowing();
  trouble.value = absence();
  if (trouble.value) return;
  finding.value = true;
  watch = navigator.geolocation.watchPosition(found, failed, OPTIONS);
}

export function stopFollowing(): void {
  if (watch !== null) navigator.geolocation.clearWatch(watch);
  watch = null;
  finding.value = false;
}

/** Whether the device may be asked without a question to the person; false where that cannot be known. */
export async function mayAsk(): Promise<boolean> {
  try {
    return (await navigator.permissions.query({ name: "geolocation" })).state === "granted";
  } catch {
    return false;
  }
}

function absence(): Trouble | null {
  if (!isSecureContext) return "insecure";
  return "geolocation" in navigator ? null : "absent";
}

function found({ coords }: GeolocationPosition): void {
  finding.value = false;
  trouble.value = null;
  source.value = "device";
  fix.value = {
    lat: coords.latitude, lng: coords.longitude, accuracyM: coords.accuracy, headingDeg: coords.heading, speedMps: coords.speed,
  };
}

function failed(error: GeolocationPositionError): void {
  finding.value = false;
  if (error.code === error.PERMISSION_DENIED) {
    stopFollowing();
    trouble.value = "denied";
  } else if (!fix.peek() || source.peek() !== "device") {
    trouble.value = error.code === error.TIMEOUT ? "slow" : "absent";
  }
}
