/** `connecting` until the first connection, `resuming` while there is none after that, `closed` for good. */
export type State = "connecting" | "open" | "resuming" | "closed";

/** What happened since the client was made. `resumed` and `lost`: streams, over all reconnects. */
export interface Statistics {
  connects: number;
  pushes: number;
  duplicates: number;
  resumed: number;
  lost: number;
  repeated: number;
}
