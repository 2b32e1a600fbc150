// Written from the code by `python -m fwber_rt.reference`; do not edit.

export const PREFIX = "/api/v1";

/**
 * `guests`: anybody may come in with a name alone; `registration`: anybody may make an account. `resolution`: H3
 * resolution people are shown in, `coarser`: those they may choose instead. `fewest`: a smaller count of people is
 * told as "few". `tiles`: None where there is no map. `demo`: the fine cell around which people are simulated; None
 * where the server is no demonstration.
 */
export interface About {
  guests: boolean;
  registration: boolean;
  resolution: number;
  coarser: number[];
  fewest: number;
  text_chars: number;
  radius_min_m: number;
  radius_max_m: number;
  tiles: Tiles | null;
  demo: string | null;
}

/** Me. `login` is there for whoever can sign in by themselves; `pending`: an address that waits to be verified. */
export interface Account {
  user: User;
  kind: string;
  created: number;
  consents: string[];
  login?: string | null;
  email?: string | null;
  pending?: string | null;
  totp?: boolean;
  recovery?: number;
}

/** Another device of mine changed my account: my name now. */
export interface AccountChanged {
  name: string;
}

/** A hexagon in which I am shown at the next coarser resolution, or with `hide` not at all: around a point, or by cell. */
export interface AddZone {
  lat?: number | null;
  lng?: number | null;
  /** H3 index, 15 hexadecimal digits */
  cell?: string;
  hide?: boolean;
}

/**
 * One action: at `at` (milliseconds), by the administrator `by` (`0`: the command line), the operation `op`. `kind`
 * (user, room, report) and `subject` say of what; `user` is whom it concerns, absent when nobody else. `reason` is
 * empty when none was given, or whoever it was about has been erased.
 */
export interface AuditEntry {
  entry: string;
  at: number;
  by: string;
  op: string;
  kind: string;
  subject: string;
  user?: string | null;
  reason?: string;
}

/** One page. */
export interface AuditPage {
  entries: AuditEntry[];
  next?: string | null;
}

/** One page of a room's bans. */
export interface BanPage {
  bans: BanView[];
  next?: string | null;
}

/** Keep a user out until `until`, or for good. `reason` is told to them. */
export interface BanUser {
  /** decimal string of 64 bits */
  room: string;
  /** decimal string of 64 bits */
  user: string;
  until?: number | null;
  reason?: string;
}

/** Somebody kept out: by whom, since and until when, and the reason they were told. */
export interface BanView {
  user: string;
  name: string;
  at: number;
  until?: number | null;
  reason?: string;
  by?: string | null;
}

/** The user is kept out until `until`, or for good. */
export interface Banned {
  room: string;
  user: string;
  until: number | null;
}

/**
 * A hexagon and how many people at least are shown in it: 5, 10, 15 and so on. In a coarse one those are counted who
 * are shown no finer, or in a finer one with fewer than 5 people.
 */
export interface BusyCell {
  cell: string;
  count: number;
}

/** The busiest hexagons, 200 at most. `elsewhere`: at least so many people are in none of them, "few" below 5. */
export interface BusyCells {
  cells: BusyCell[];
  elsewhere: number | string;
}

/** The connection is about to be closed with `code`; reconnect after `reconnect_after_ms` (if the code says retry). */
export interface Bye {
  code: number;
  reason: string;
  reconnect_after_ms: number;
}

/** The password now, and from here on. */
export interface ChangePassword {
  password: string;
  /** 8 to 1024 characters */
  new: string;
}

/**
 * What was withdrawn: the cell others saw, the streams no longer heard, the rooms whose area is no longer known.
 * `cleared`: when, for later places to name.
 */
export interface Cleared {
  cell: string | null;
  left: string[];
  rooms: string[];
  cleared: number;
}

/** `note` is for the operator's record. */
export interface CloseReport {
  /** decimal string of 64 bits */
  report: string;
  outcome: "acted" | "dismissed" | "duplicate" | "silenced" | "suspended" | "warned";
  note?: string;
}

/** A code to choose a new password with, for `login`; good once, for `minutes`. */
export interface CodeGiven {
  login: string;
  code: string;
  minutes: number;
}

/** My password. */
export interface Confirm {
  password: string;
}

/** A code that the app shows. */
export interface ConfirmTotp {
  code: string;
}

/** The first frame, with a token or a ticket. `client` is `name/version`; `strict`: unknown fields are refused. */
export interface Connect {
  token?: string;
  ticket?: string;
  client?: string;
  strict?: boolean;
  location?: Fix | null;
  resume?: Resume | null;
}

/**
 * The connection is open. `expires` is the token's end; every subscribed stream is in `streams`. `shown`: the cell
 * others see me at, if any (`location.shown` tells when it changes); `cleared`: when I last left the map (0: never),
 * for places to name.
 */
export interface Connected {
  conn: string;
  session: string;
  user: User;
  server_time: number;
  ping_ms: number;
  feature_level: number;
  expires: number;
  limits: Limits;
  streams: Record<string, StreamState>;
  shown: string | null;
  cleared: number;
}

/** Agreement to one purpose; `text_hash` identifies the wording the person saw. */
export interface Consent {
  purpose: string;
  text_hash: string;
}

/** When a consent was recorded. */
export interface ConsentAt {
  at: number;
}

/** What a message carries. `kind` is an open set; `text` is required for kind `text`. */
export interface Content {
  kind?: string;
  text?: string;
  /** reserved */
  attachments?: unknown[];
}

/** A name to be known by, and optionally the consent that location needs. */
export interface CreateGuest {
  name: string;
  consent?: Consent | null;
}

/** Exactly one of `message` (its id), `user` and `room`. */
export interface CreateReport {
  reason: "harassment" | "hate" | "illegal" | "impersonation" | "minors" | "other" | "self_harm" | "sexual" | "spam" | "violence";
  message?: string | null;
  user?: string | null;
  room?: string | null;
  /** for those who look into it */
  note?: string;
}

/**
 * A circle on the map with a name. `visibility`: a `closed` room is found by everybody and joined by whoever is
 * invited or let in on request; a `private` one is known only to those invited.
 */
export interface CreateRoom {
  name: string;
  /** degrees */
  lat: number;
  /** degrees */
  lng: number;
  /** metres */
  radius_m: number;
  kind?: "casual" | "dating" | "event" | "networking" | "professional" | "social" | "venue";
  description?: string;
  visibility?: "closed" | "private" | "public";
  max_members?: number | null;
  tags?: string[];
  /** seconds messages are kept; 0: the server's default */
  retention?: number;
  /** milliseconds a member waits between two messages; 0: none */
  slow_ms?: number;
}

/** My password, and a code of the app or a recovery code. */
export interface DisableTotp {
  password: string;
  code: string;
}

/** Observations since the start: `counts` up to each of `bounds`, then beyond the last; `sum` of all, in their unit. */
export interface Distribution {
  bounds: number[];
  counts: number[];
  sum: number;
}

/** `sent`: a code is on its way to the address, for `auth.email.verify`; false where this server sends no mail. */
export interface EmailSet {
  sent: boolean;
}

/** The address is known to be mine. */
export interface EmailVerified {
  email: string;
}

/** `confirm` says that it is meant; `password` is needed when the account has one. */
export interface EraseAccount {
  confirm: "erase everything";
  password?: string;
}

/** The erasure is certain from here on. `receipt` asks for its proof (`account.erasure`); `until`: done by then. */
export interface Erasing {
  receipt: string;
  asked: number;
  until: number;
}

/** What a client is told of a refusal. */
export interface ErrorBody {
  code: number;
  name: string;
  message: string;
  temporary: boolean;
  retry_after_ms: number;
  field: string | null;
}

/**
 * What was reported, as it was then: of a user the name, of a room what it says of itself, of a message what it said.
 * `name` is the user's, the room's, or the one a message was written under; `s`, `o` and `at` place a message.
 */
export interface Evidence {
  name?: string;
  description?: string;
  tags?: string[];
  content?: Content | null;
  s?: string | null;
  o?: number | null;
  at?: number | null;
}

/** An export, by id. */
export interface ExportRef {
  /** decimal string of 64 bits */
  export: string;
}

/**
 * `state` is `waiting`, `ready` or `failed`; a ready one has `bytes` and is there until `ends` (milliseconds). It is
 * fetched with `GET /api/v1/account/exports/{export}/archive`.
 */
export interface ExportView {
  export: string;
  state: string;
  asked: number;
  made?: number | null;
  bytes?: number | null;
  ends?: number | null;
}

/** My exports, newest first. */
export interface Exports {
  exports: ExportView[];
}

/**
 * The server now. `at_s` is a clock that only goes forward, seconds. Counters since the start: `messages` sent by
 * people, `frames_in`, `deliveries` of pushes, one per recipient, `bytes_in`, `bytes_out`, `slow_closes`,
 * `passwords_hashed`. Sizes: everything else; `memory_bytes` is 0 where the system does not say. `loop_lag` and
 * `commit` in seconds.
 */
export interface Figures {
  version: string;
  at_s: number;
  uptime_s: number;
  ready: boolean;
  read_only: boolean;
  connections: number;
  people: number;
  located: number;
  rooms: number;
  streams: number;
  messages: number;
  frames_in: number;
  deliveries: number;
  bytes_in: number;
  bytes_out: number;
  slow_closes: number;
  slow_sessions: number;
  outbound_bytes: number;
  held_effects: number;
  journal_queue: number;
  mail_waiting: number;
  passwords_waiting: number;
  passwords_hashed: number;
  window_bytes: number;
  memory_bytes: number;
  database_bytes: number;
  wal_bytes: number;
  snapshot_age_s: number;
  loop_lag: Distribution;
  commit: Distribution;
}

/** An erasure, by its receipt. */
export interface FindErasure {
  /** what `account.erase` answered */
  receipt: string;
}

/** Rooms around a cell, a point, or (with neither) around me. */
export interface FindRooms {
  /** H3 index, 15 hexadecimal digits */
  cell?: string;
  lat?: number | null;
  lng?: number | null;
  /** metres */
  radius_m?: number;
  kind?: "casual" | "dating" | "event" | "networking" | "professional" | "social" | "venue" | null;
  tag?: string | null;
  q?: string;
  limit?: number;
  /** opaque; from the last page's `next` */
  cursor?: string;
}

/**
 * Users by id, login or verified address (the whole of it), or by a part of the name; everybody without `q`. `least`:
 * only those who are at least that.
 */
export interface FindUsers {
  q?: string;
  least?: "admin" | "guest" | "user";
  limit?: number;
  /** opaque; from the last page's `next` */
  cursor?: string;
}

/**
 * Where a device is, as it knows. `ts` milliseconds, `heading` degrees from north, `speed_mps` metres per second.
 * `cleared`: when its user left the map, as last told (`connect`, `location.shown`, `location.clear`). Who has left it
 * since, on another device, is not put back: `connect` passes over the place, `location.update` is refused. Without
 * it, it counts.
 */
export interface Fix {
  /** degrees */
  lat: number;
  /** degrees */
  lng: number;
  accuracy_m?: number;
  ts?: number | null;
  heading?: number | null;
  speed_mps?: number | null;
  cleared?: number | null;
}

/**
 * A user as the operator finds them. `created` and `until` milliseconds; `sign_ins` devices, `online` connected now.
 * `login` is None of a guest; `until` is None of a ban without an end.
 */
export interface FoundUser {
  user: string;
  kind: string;
  name: string;
  login: string | null;
  created: number;
  sign_ins: number;
  online: boolean;
  banned: boolean;
  until: number | null;
}

/** One page. With `next` there may be more, also when this one is short. */
export interface FoundUsers {
  users: FoundUser[];
  next?: string | null;
}

/** The token to connect with, the user, and when the token ends. */
export interface GuestCreated {
  token: string;
  user: User;
  expires: number;
}

/** Local chat of one hexagon I hear, `cell:...`; by default my own. */
export interface HereHistory {
  s?: string;
  before?: number | null;
  limit?: number;
}

/** Messages in order of offset, oldest first. `first_o` is the oldest offset still stored. */
export interface HistoryPage {
  messages: Message[];
  s: string;
  epoch: string;
  o: number;
  first_o: number;
}

/** What an administrator does to a user, and why: for the audit log, and for the user's own export. */
export interface Intervene {
  /** decimal string of 64 bits */
  user: string;
  reason: string;
}

/** One page of a room's invitations. */
export interface InvitationPage {
  invitations: InvitationView[];
  next?: string | null;
}

/** Who is invited, by whom (absent: the room keeps the place of one who was in it or asked), and until when. */
export interface InvitationView {
  user: string;
  name: string;
  at: number;
  until: number;
  by?: string | null;
}

/** The invitation that waits for `user` until `until`. */
export interface Invited {
  room: string;
  user: string;
  until: number;
}

/** `accept_precise`: I know that this room's members learn whether I am inside its circle. */
export interface JoinRoom {
  /** decimal string of 64 bits */
  room: string;
  accept_precise?: boolean;
}

/** `discloses`: what fellow members now know of me. */
export interface Joined {
  room: RoomView;
  s: string;
  epoch: string;
  o: number;
  discloses: string[];
}

/** Where the room's stream stood on leaving. */
export interface Left {
  room: string;
  epoch: string;
  o: number;
}

/** Sizes the server holds to. */
export interface Limits {
  text_chars: number;
  rooms: number;
  room_members: number;
  radius_min_m: number;
  radius_max_m: number;
}

/** A page of the audit log, newest first: everybody's actions, those of one administrator, those that concern one user. */
export interface ListAudit {
  by?: string | null;
  user?: string | null;
  limit?: number;
  /** opaque; from the last page's `next` */
  cursor?: string;
}

/** A page of the invitations I have, by room id. */
export interface ListInvitations {
  limit?: number;
  /** opaque; from the last page's `next` */
  cursor?: string;
}

/** A page of a room's members, by id. */
export interface ListMembers {
  /** decimal string of 64 bits */
  room: string;
  limit?: number;
  /** opaque; from the last page's `next` */
  cursor?: string;
}

/** People in the hexagons around mine. */
export interface ListPeople {
  limit?: number;
  /** opaque; from the last page's `next` */
  cursor?: string;
}

/** A page of those I blocked or muted, by id. */
export interface ListRelated {
  limit?: number;
  /** opaque; from the last page's `next` */
  cursor?: string;
}

/** A page of reports, oldest first. */
export interface ListReports {
  state?: "closed" | "open";
  limit?: number;
  /** opaque; from the last page's `next` */
  cursor?: string;
}

/** A page of what a room keeps, by user id. */
export interface ListRoom {
  /** decimal string of 64 bits */
  room: string;
  limit?: number;
  /** opaque; from the last page's `next` */
  cursor?: string;
}

/** A page of those who are banned. */
export interface ListUserBans {
  limit?: number;
  /** opaque; from the last page's `next` */
  cursor?: string;
}

/**
 * `cell` is the hexagon the fix lies in, at H3 resolution `res`. Send again after `next_ms` or `min_move_m` metres.
 * Where others see me follows later, and is told in `location.shown`. `entered` and `left` are the streams now heard
 * and no longer heard.
 */
export interface Located {
  cell: string;
  res: number;
  next_ms: number;
  min_move_m: number;
  entered: StreamPosition[];
  left: string[];
  rooms: RoomsCrossed;
}

/** A fellow member has left the map: forget where they were. */
export interface LocationCleared {
  room: string;
  user: string;
}

/** I have read up to `o`; `share` lets the room know. */
export interface MarkRead {
  /** decimal string of 64 bits */
  room: string;
  /** offset in a stream */
  o: number;
  share?: boolean;
}

/** Someone came. How many there are now is not told: that differs from viewer to viewer. */
export interface MemberJoined {
  room: string;
  user: string;
  name: string;
  role: string;
}

/** Someone went: `left`, `outside` when they walked out of the area, or `removed` by a moderator. */
export interface MemberLeft {
  room: string;
  user: string;
  reason: string;
}

/** One page of members. */
export interface MemberPage {
  members: MemberView[];
  epoch: string;
  o: number;
  next?: string | null;
}

/** What a member of the room is now. */
export interface MemberRole {
  room: string;
  user: string;
  role: string;
}

/** One member. */
export interface MemberView {
  user: string;
  name: string;
  role: string;
  joined: number;
}

/** A message. In history `o` is its offset; `content` is absent when its author was erased. */
export interface Message {
  mid: string;
  user: string;
  ts: number;
  name?: string | null;
  content?: Content | null;
  reply_to?: string | null;
  o?: number | null;
}

/** One page of a room's mutes. */
export interface MutePage {
  mutes: MuteView[];
  next?: string | null;
}

/** Let a user be silent until `until`. */
export interface MuteUser {
  /** decimal string of 64 bits */
  room: string;
  /** decimal string of 64 bits */
  user: string;
  /** milliseconds since the Unix epoch */
  until: number;
}

/** Somebody silenced: by whom, since and until when. */
export interface MuteView {
  user: string;
  name: string;
  at: number;
  until: number;
  by?: string | null;
}

/** The user is silent until `until`. */
export interface Muted {
  room: string;
  user: string;
  until: number;
}

/** A room I may join until `until`, and who invites me (absent: the room itself). */
export interface MyInvitation {
  room: RoomView;
  at: number;
  until: number;
  by?: string | null;
  name?: string | null;
}

/** One page of my invitations. */
export interface MyInvitations {
  invitations: MyInvitation[];
  next?: string | null;
}

/** Someone near: `cell` as disclosed and no finer than mine, `band` in rings of hexagons (0: the same one). */
export interface NearPerson {
  user: string;
  name: string;
  cell: string;
  band: number;
}

/** An empty object. */
export interface Nothing {
}

/** `count` is of people within reach whom this page does not name: a number from 5 up, or "few". */
export interface People {
  people: NearPerson[];
  count: number | string;
  next?: string | null;
}

/** The server's clock, milliseconds. */
export interface Pong {
  server_time: number;
}

/** One hexagon's people since the last tick; `full` replaces what was known. `left` holds user ids. */
export interface Presence {
  cell: string;
  entered: User[];
  left: string[];
  /** people not named here: 5 or more, or `few` */
  count: number | string;
  full?: boolean;
}

/** Why a request was refused (RFC 9457). Compare `name`; `title` and `detail` are for people and may change. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: number;
  name: string;
  temporary: boolean;
  retry_after_ms: number;
  field: string | null;
}

/**
 * What an erasure did. Times in milliseconds; `rows` are deleted or emptied, by table. Nothing in it is personal.
 * `key`: the key under which the user's data was sealed, here and in every backup, was destroyed. `memory`,
 * `snapshots` and `log`: from then on the server's memory, its snapshots and the database's write-ahead log no longer
 * held anything.
 */
export interface Proof {
  erasure: string;
  asked: number;
  cause: string;
  done?: number | null;
  rows?: Record<string, number>;
  exports?: number;
  key?: number | null;
  memory?: number | null;
  snapshots?: number | null;
  log?: number | null;
}

/** Someone who shares it has read up to `o`. */
export interface Read {
  user: string;
  o: number;
}

/** `nonce`: made up for this one renewal. Whoever got no answer asks again with the same one, and is answered the same. */
export interface Refresh {
  refresh: string;
  nonce?: string;
}

/**
 * A new account. `login` is for signing in alone and shown to nobody; others see `name`. `cookie`: sign in a browser,
 * with a cookie in place of tokens.
 */
export interface Register {
  login: string;
  /** 8 to 1024 characters */
  password: string;
  name: string;
  /** empty: none */
  email?: string;
  consent?: Consent | null;
  cookie?: boolean;
  /** what the device is called in the list of sign-ins */
  client?: string;
}

/** A user, whether or not there is one of that id. `note` says why, to myself. */
export interface Relate {
  /** decimal string of 64 bits */
  user: string;
  /** for my eyes only */
  note?: string;
}

/** Someone I blocked or muted, and when (milliseconds). Their name is not told: there may be nobody of that id. */
export interface Related {
  user: string;
  at: number;
  note?: string;
}

/** One page. */
export interface RelatedPage {
  users: Related[];
  next?: string | null;
}

/** How I stand to a user now, as far as I chose it. */
export interface Relation {
  user: string;
  blocked: boolean;
  muted: boolean;
}

/** A room to end, and why: for the audit log, and for the owner's export. */
export interface RemoveRoom {
  /** decimal string of 64 bits */
  room: string;
  reason: string;
}

/** A zone of mine, by its cell. */
export interface RemoveZone {
  /** H3 index, 15 hexadecimal digits */
  cell: string;
}

/** A newer token of the same user, or a ticket. */
export interface RenewToken {
  token?: string;
  ticket?: string;
}

/** When the new token ends, milliseconds. */
export interface Renewed {
  expires: number;
}

/** One page; evidence, notes and verdicts are in `report.get` alone. */
export interface ReportPage {
  reports: ReportView[];
  next?: string | null;
}

/** A report, by id. */
export interface ReportRef {
  /** decimal string of 64 bits */
  report: string;
}

/**
 * A report. `kind` and `subject` say of what; `author` is who wrote or made it, absent when nobody is known to have.
 * `reason` is absent when the reporter was erased; `evidence` when its author was, or there was nothing to keep. Times
 * in milliseconds.
 */
export interface ReportView {
  report: string;
  at: number;
  reporter: string;
  kind: string;
  subject: string;
  author?: string | null;
  reason?: string | null;
  note?: string;
  evidence?: Evidence | null;
  closed?: number | null;
  closer?: string | null;
  outcome?: string | null;
  verdict?: string | null;
}

/** The report is stored. `dup`: I had reported the same before, and nobody has looked into that yet. */
export interface Reported {
  report: string;
  dup: boolean;
}

/** One page of a room's requests. */
export interface RequestPage {
  requests: RequestView[];
  next?: string | null;
}

/** Login, or verified e-mail address, of whoever forgot the password. */
export interface RequestReset {
  login: string;
}

/** Who asks to come in, and since when. */
export interface RequestView {
  user: string;
  name: string;
  at: number;
  until: number;
}

/** The request waits for an answer until `until`. */
export interface Requested {
  room: string;
  until: number;
}

/** The one-time code that came by mail (or from the operator), and the password from here on. */
export interface Reset {
  login: string;
  code: string;
  /** 8 to 1024 characters */
  password: string;
}

/** `session` is the secret from the last connect's reply; `streams` what was received of each. */
export interface Resume {
  session: string;
  streams?: Record<string, StreamAt>;
}

/** My request was granted: I may join until `until`. */
export interface RoomAdmitted {
  room: string;
  until: number;
}

/** I am kept out of the room until `until`, or for good. */
export interface RoomBanned {
  room: string;
  until: number | null;
  reason: string;
}

/** A room's new state, but for how many are in it. */
export interface RoomChanged {
  room: RoomView;
}

/** The room has ended. */
export interface RoomDeleted {
  room: string;
}

/** A page: `before` an offset (newest first page when neither is given), or `after` one. */
export interface RoomHistory {
  /** decimal string of 64 bits */
  room: string;
  before?: number | null;
  after?: number | null;
  limit?: number;
}

/** `user` invites me until `until`. */
export interface RoomInvited {
  room: string;
  user: string;
  name: string;
  until: number;
}

/** I may not speak in the room until `until`. */
export interface RoomMuted {
  room: string;
  until: number;
}

/** It is about me in this room. */
export interface RoomNotice {
  room: string;
}

/** Rooms found, nearest first. */
export interface RoomPage {
  rooms: RoomView[];
  next?: string | null;
}

/** A room named by id. */
export interface RoomRef {
  /** decimal string of 64 bits */
  room: string;
}

/** `user` asks to be let into a room I moderate. */
export interface RoomRequested {
  room: string;
  user: string;
  name: string;
}

/** One page, oldest first. With `next` there may be more, also when this one is short. */
export interface RoomSummaries {
  rooms: RoomSummary[];
  next?: string | null;
}

/** A room; `name` is empty for a private one. `members` is "few" below 5. */
export interface RoomSummary {
  room: string;
  name: string;
  kind: string;
  visibility: string;
  owner: string;
  members: number | string;
  radius_m: number;
  created: number;
}

/** A user in, or with regard to, a room. */
export interface RoomUser {
  /** decimal string of 64 bits */
  room: string;
  /** decimal string of 64 bits */
  user: string;
}

/**
 * A room as its viewer may see it. `cell` is its centre (resolution 10). `members` is how many the viewer may know of,
 * "few" below 5 for outsiders; absent in a push, which is the same for everybody. `precise`: joining needs
 * `accept_precise`. `s`, `epoch`, `o`: the room's stream, for members.
 */
export interface RoomView {
  room: string;
  name: string;
  kind: string;
  description: string;
  visibility: string;
  cell: string;
  radius_m: number;
  precise: boolean;
  max_members: number;
  tags: string[];
  owner: string;
  created: number;
  retention: number;
  slow_ms: number;
  members?: number | string | null;
  distance_m?: number | null;
  s?: string | null;
  epoch?: string | null;
  o?: number | null;
}

/**
 * Ids of rooms whose area was entered or left; entering joins nobody to anything. Where there are very many rooms, not
 * all of them are told (`nearby.rooms` finds them all).
 */
export interface RoomsCrossed {
  entered: string[];
  left: string[];
}

/** To everyone who hears my hexagon. */
export interface SayHere {
  content?: Content | null;
  text?: string | null;
  nonce?: string | null;
  retry?: boolean;
}

/** Rooms by id, owner's id, or a part of the name or description; all of them without `q`. */
export interface SearchRooms {
  q?: string;
  limit?: number;
  /** opaque; from the last page's `next` */
  cursor?: string;
}

/** To a room. `nonce` makes a repeat harmless; `retry` looks for it beyond the last 256 messages. */
export interface SendMessage {
  /** decimal string of 64 bits */
  room: string;
  content?: Content | null;
  text?: string | null;
  nonce?: string | null;
  retry?: boolean;
  reply_to?: string | null;
}

/** Stored: `mid` in stream `s` at offset `o`; `dup` when an earlier send with this nonce had stored it. */
export interface Sent {
  mid: string;
  s: string;
  o: number;
  epoch: string;
  ts: number;
  dup: boolean;
}

/** An address that is mine, or none; and my password. */
export interface SetEmail {
  /** empty: none */
  email: string;
  password: string;
}

/** `res`: an H3 resolution people may choose here (see `location.sharing`), or 0 to be shown nowhere (a ghost). */
export interface SetPrecision {
  res: number;
}

/** What a member is from here on. */
export interface SetRole {
  /** decimal string of 64 bits */
  room: string;
  /** decimal string of 64 bits */
  user: string;
  role: "admin" | "member" | "moderator";
}

/** All settings, by name. */
export interface SettingsInForce {
  settings: ShownSetting[];
}

/** What I share. `res`: the resolution chosen, 0 for a ghost; `choices`: what may be; `shown`: my cell as seen now. */
export interface SharingView {
  res: number;
  choices: number[];
  zones: Zone[];
  shown: string | null;
}

/**
 * Where others see me from now on: a cell at resolution `res`, or nowhere. `rooms`: areas I am now seen in or out of.
 * `cleared`: when I last left the map (0: never); what a device says of before holds no more.
 */
export interface Shown {
  cell: string | null;
  res: number | null;
  cleared: number;
  rooms?: RoomsCrossed | null;
}

/** One setting in force. `value` and `default` as TOML writes them, a secret masked; `changed`: they differ. */
export interface ShownSetting {
  name: string;
  value: string;
  default: string;
  unit: string;
  help: string;
  changed: boolean;
  reload: boolean;
}

/** `login`: or the verified e-mail address. `code`: of the second factor, or a recovery code; where it is enabled. */
export interface SignIn {
  login: string;
  password: string;
  code?: string;
  cookie?: boolean;
  /** what the device is called in the list of sign-ins */
  client?: string;
}

/** One of my sign-ins. */
export interface SignInRef {
  /** names a sign-in */
  sid: string;
}

/** A device that is signed in. `client`: what it calls itself; `current`: it asks. */
export interface SignInView {
  sid: string;
  client: string;
  browser: boolean;
  created: number;
  used: number;
  ends: number;
  current: boolean;
}

/** My sign-ins, last used first. */
export interface SignIns {
  sign_ins: SignInView[];
}

/** `everywhere`: all of my sign-ins, on every device. */
export interface SignOut {
  everywhere?: boolean;
}

/**
 * A sign-in, `sid`, that lives until `ends` unless it is renewed. `token` is what requests carry, until `expires`;
 * `refresh` gets a newer pair (`auth.refresh`) and is good once. A browser has its cookie instead of both. `kind`:
 * `user` or `admin`.
 */
export interface SignedIn {
  user: User;
  kind: string;
  sid: string;
  ends: number;
  token?: string | null;
  expires?: number | null;
  refresh?: string | null;
}

/** `until`: milliseconds. The reason is for the user and for administrators. */
export interface Silence {
  /** decimal string of 64 bits */
  user: string;
  until: number;
  reason?: string;
}

/** Until when a user may say nothing; None: they may. */
export interface SilencedUser {
  user: string;
  until: number | null;
}

/** A place in a stream that the client has everything up to. */
export interface StreamAt {
  epoch: string;
  /** offset in a stream */
  o: number;
}

/** A stream and where it stands. */
export interface StreamPosition {
  s: string;
  epoch: string;
  o: number;
}

/** Where a subscribed stream stands; `recovered` is there when it was in `resume`. */
export interface StreamState {
  epoch: string;
  o: number;
  recovered?: boolean | null;
}

/** Streams I hear from here on and no longer hear, because of what another device of mine did. */
export interface StreamsChanged {
  entered: StreamPosition[];
  left: string[];
}

/** What `connect` takes in place of a token, once, until `expires` (milliseconds). */
export interface TicketIssued {
  ticket: string;
  expires: number;
}

/** The map under the hexagons: `url` a template with {z}, {x} and {y}; `credit` whom to name, `about` their page. */
export interface Tiles {
  url: string;
  credit: string;
  about: string;
  max_zoom: number;
}

/** When the token in use ends, milliseconds. */
export interface TokenExpiring {
  expires: number;
}

/** At most 100 warnings, oldest first. `silenced_until`: I may say nothing until then, and why. */
export interface Told {
  warnings: Warned[];
  silenced_until?: number | null;
  silence_reason?: string;
}

/** What an authenticator app takes: the secret in base32, or the same as a link (show it as a QR code). */
export interface TotpBegun {
  secret: string;
  uri: string;
}

/** Codes for when the app is lost: each is good once, in place of the app's. They are shown here alone. */
export interface TotpEnabled {
  recovery: string[];
}

/** I am writing in this room. */
export interface Typing {
  /** decimal string of 64 bits */
  room: string;
}

/** Someone is writing. */
export interface TypingPush {
  user: string;
  name: string;
}

/** A user blocked or muted before. */
export interface Unrelate {
  /** decimal string of 64 bits */
  user: string;
}

/** Somebody who is silenced. */
export interface UnsilenceUser {
  /** decimal string of 64 bits */
  user: string;
}

/** The name others see from here on. */
export interface UpdateAccount {
  name: string;
}

/** Only the fields given change. Place and size are fixed: members joined knowing them. */
export interface UpdateRoom {
  /** decimal string of 64 bits */
  room: string;
  name?: string;
  kind?: "casual" | "dating" | "event" | "networking" | "professional" | "social" | "venue";
  description?: string;
  visibility?: "closed" | "private" | "public";
  max_members?: number;
  tags?: string[];
  /** seconds messages are kept; 0: the server's default */
  retention?: number;
  /** milliseconds a member waits between two messages; 0: none */
  slow_ms?: number;
}

/** How a guest, or anybody who has no password, signs in from here on; they keep their id and everything they have. */
export interface Upgrade {
  login: string;
  /** 8 to 1024 characters */
  password: string;
  /** empty: none */
  email?: string;
  cookie?: boolean;
  /** what the device is called in the list of sign-ins */
  client?: string;
}

/** A user as shown to others. */
export interface User {
  /** decimal string of 64 bits */
  user: string;
  name: string;
}

/** `until`: when it ends by itself; None is never. `reason` is for the banned user and for administrators. */
export interface UserBan {
  /** decimal string of 64 bits */
  user: string;
  until?: number | null;
  reason?: string;
}

/** One ban: since when, until when, by whom (`0`: the operator), and why. */
export interface UserBanView {
  user: string;
  at: number;
  until: number | null;
  by: string;
  reason: string;
}

/** Whether somebody is banned, and until when. */
export interface UserBanned {
  user: string;
  banned: boolean;
  until: number | null;
}

/** Users who are banned, by id. */
export interface UserBans {
  bans: UserBanView[];
  next?: string | null;
}

/**
 * What the operator may know of a user. Nothing says where they are. `rooms`: how many they are in; `owned`: which of
 * those are theirs; `address`: a verified one is known; `reports`: how many there are of what they wrote or are,
 * `reports_open` of those that nobody has looked into. Of a ban: when, by whom (`0`: the command line) and why.
 * `silenced_until`: they may say nothing until then.
 */
export interface UserDetail {
  user: FoundUser;
  connections: number;
  rooms: number;
  owned: string[];
  address: boolean;
  totp: boolean;
  reports: number;
  reports_open: number;
  banned_at?: number | null;
  banned_by?: string | null;
  ban_reason?: string;
  silenced_until?: number | null;
}

/** A user named by id. */
export interface UserRef {
  /** decimal string of 64 bits */
  user: string;
}

/** I may say nothing until `until`; with None I may again. */
export interface UserSilenced {
  until: number | null;
  reason?: string;
}

/** Somebody who is banned. */
export interface UserUnban {
  /** decimal string of 64 bits */
  user: string;
}

/** What an administrator has to tell me. */
export interface UserWarned {
  text: string;
  warning: string;
}

/** The code that came by mail. */
export interface VerifyEmail {
  code: string;
}

/** What a user is to be told. It says nothing of who reported them unless it is written there. */
export interface WarnUser {
  /** decimal string of 64 bits */
  user: string;
  text: string;
}

/** A warning that I have not read yet, and when I was warned (milliseconds). */
export interface Warned {
  warning: string;
  at: number;
  text: string;
}

/** A warning of mine. */
export interface WarningRef {
  /** decimal string of 64 bits */
  warning: string;
}

/** Agreement taken back; works at once. */
export interface WithdrawConsent {
  purpose: string;
  text_hash?: string;
}

/** One privacy zone. */
export interface Zone {
  cell: string;
  hide: boolean;
}

/** What may be asked: request, reply, and the errors it may be refused with. */
export interface Operations {
  /** Become a guest: a user who is only a name. */
  "auth.guest": { d: CreateGuest; ok: GuestCreated; errors: "frame.bad" | "field.invalid" | "forbidden" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Make an account, and sign in. */
  "auth.register": { d: Register; ok: SignedIn; errors: "frame.bad" | "field.invalid" | "forbidden" | "login.taken" | "rate.limited" | "internal" | "draining" | "busy" | "storage.full" };
  /** Sign in with login and password. */
  "auth.sign_in": { d: SignIn; ok: SignedIn; errors: "frame.bad" | "field.invalid" | "login.wrong" | "totp.required" | "totp.wrong" | "user.banned" | "rate.limited" | "internal" | "draining" | "busy" | "storage.full" };
  /** Renew an access token. */
  "auth.refresh": { d: Refresh; ok: SignedIn; errors: "frame.bad" | "field.invalid" | "token.invalid" | "token.reused" | "token.expired" | "user.banned" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Make an account of a guest, who stays the same user. */
  "auth.upgrade": { d: Upgrade; ok: SignedIn; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "login.taken" | "account.exists" | "rate.limited" | "internal" | "draining" | "busy" | "storage.full" };
  /** End this sign-in, or all of mine. */
  "auth.sign_out": { d: SignOut; ok: Nothing; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** End one of my sign-ins. */
  "auth.session.revoke": { d: SignInRef; ok: Nothing; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "not.found" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Change my password; all my other sign-ins end. */
  "auth.password.change": { d: ChangePassword; ok: Nothing; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "password.wrong" | "account.none" | "rate.limited" | "internal" | "draining" | "busy" | "storage.full" };
  /** Have a code sent to the verified address of whoever forgot the password. The answer does not say whether. */
  "auth.reset.request": { d: RequestReset; ok: Nothing; errors: "frame.bad" | "field.invalid" | "rate.limited" | "internal" | "draining" | "busy" };
  /** Choose a new password with a code; every sign-in ends. */
  "auth.reset": { d: Reset; ok: Nothing; errors: "frame.bad" | "field.invalid" | "code.wrong" | "rate.limited" | "internal" | "draining" | "busy" | "storage.full" };
  /** Give my e-mail address, or take it back. */
  "auth.email.set": { d: SetEmail; ok: EmailSet; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "password.wrong" | "account.none" | "rate.limited" | "internal" | "draining" | "busy" | "storage.full" };
  /** Show that the address is mine, with the code sent to it. */
  "auth.email.verify": { d: VerifyEmail; ok: EmailVerified; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "code.wrong" | "token.expired" | "account.none" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Get a secret for an authenticator app. */
  "auth.totp.begin": { d: Confirm; ok: TotpBegun; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "password.wrong" | "account.none" | "totp.state" | "rate.limited" | "internal" | "draining" | "busy" | "storage.full" };
  /** Enable the second factor with a code of the app. */
  "auth.totp.confirm": { d: ConfirmTotp; ok: TotpEnabled; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "totp.wrong" | "token.expired" | "account.none" | "totp.state" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Disable the second factor. */
  "auth.totp.disable": { d: DisableTotp; ok: Nothing; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "totp.wrong" | "token.expired" | "password.wrong" | "account.none" | "totp.state" | "rate.limited" | "internal" | "draining" | "busy" | "storage.full" };
  /** Change the name others see. */
  "account.update": { d: UpdateAccount; ok: User; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Agree to a purpose (`location`). */
  "consent.give": { d: Consent; ok: ConsentAt; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Take a consent back; location disappears with it. */
  "consent.withdraw": { d: WithdrawConsent; ok: ConsentAt; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Ban a user from this server. */
  "user.ban": { d: UserBan; ok: UserBanned; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Lift a ban. */
  "user.unban": { d: UserUnban; ok: UserBanned; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** End all of a user's sign-ins. */
  "user.sign_out": { d: Intervene; ok: Nothing; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Make a one-time code with which a user chooses a new password. */
  "user.reset": { d: Intervene; ok: CodeGiven; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "account.none" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Who I am, and how I sign in. */
  "account.me": { d: Nothing; ok: Account; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "rate.limited" | "internal" | "draining" };
  /** Where I am signed in. */
  "auth.sessions": { d: Nothing; ok: SignIns; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "rate.limited" | "internal" | "draining" };
  /** Who is banned. */
  "user.bans": { d: ListUserBans; ok: UserBans; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "rate.limited" | "internal" | "draining" };
  /** Users by id, login or name. */
  "user.find": { d: FindUsers; ok: FoundUsers; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "rate.limited" | "internal" | "draining" };
  /** A user, without where they are. */
  "user.get": { d: UserRef; ok: UserDetail; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "rate.limited" | "internal" | "draining" };
  /** Open the conversation; with `resume`, continue an earlier one. */
  connect: { d: Connect; ok: Connected; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "consent.required" | "conflict" | "rate.limited" | "internal" | "draining" };
  /** Renew the token on the live connection. */
  token: { d: RenewToken; ok: Renewed; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "rate.limited" | "internal" | "draining" };
  /** The server's clock. */
  ping: { d: Nothing; ok: Pong; errors: "frame.bad" | "field.invalid" | "rate.limited" | "internal" | "draining" };
  /** Say where I am. */
  "location.update": { d: Fix; ok: Located; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "consent.required" | "conflict" | "rate.limited" | "internal" | "draining" };
  /** Leave the map. */
  "location.clear": { d: Nothing; ok: Cleared; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "rate.limited" | "internal" | "draining" };
  /** How finely I am shown, and my privacy zones. */
  "location.sharing": { d: Nothing; ok: SharingView; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "rate.limited" | "internal" | "draining" };
  /** Choose how finely I am shown, or to be a ghost. */
  "location.precision": { d: SetPrecision; ok: SharingView; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Add a hexagon in which I am shown more coarsely, or not at all. */
  "zone.add": { d: AddZone; ok: SharingView; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "conflict" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Remove a privacy zone. */
  "zone.remove": { d: RemoveZone; ok: SharingView; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "not.found" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** People in the hexagons around mine. */
  "nearby.people": { d: ListPeople; ok: People; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "location.required" | "rate.limited" | "internal" | "draining" };
  /** Make a room; I own it and am its first member. */
  "room.create": { d: CreateRoom; ok: RoomView; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "conflict" | "rate.limited" | "internal" | "draining" | "busy" | "storage.full" };
  /** One room. */
  "room.get": { d: RoomRef; ok: RoomView; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "not.found" | "rate.limited" | "internal" | "draining" };
  /** Change a room (owner, admin). */
  "room.update": { d: UpdateRoom; ok: RoomView; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** End a room (owner). */
  "room.delete": { d: RoomRef; ok: RoomView; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Become a member. */
  "room.join": { d: JoinRoom; ok: Joined; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "location.required" | "room.outside" | "room.full" | "room.precise" | "room.banned" | "room.closed" | "not.found" | "conflict" | "rate.limited" | "internal" | "draining" | "busy" | "storage.full" };
  /** Stop being a member. */
  "room.leave": { d: RoomRef; ok: Left; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "not.found" | "conflict" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Rooms around me, a cell, or (POST) a point. */
  "nearby.rooms": { d: FindRooms; ok: RoomPage; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "location.required" | "rate.limited" | "internal" | "draining" };
  /** Invite a user to a room. */
  "room.invite": { d: RoomUser; ok: Invited; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "conflict" | "limit.reached" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Take an invitation back. */
  "room.uninvite": { d: RoomUser; ok: Nothing; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Become a member of a room I am invited to. */
  "room.invitation.accept": { d: JoinRoom; ok: Joined; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "location.required" | "room.outside" | "room.full" | "room.precise" | "room.banned" | "room.closed" | "not.found" | "conflict" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Decline an invitation. */
  "room.invitation.decline": { d: RoomRef; ok: Nothing; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "not.found" | "conflict" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Ask to be let into a closed room. */
  "room.request": { d: RoomRef; ok: Requested; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "room.banned" | "not.found" | "conflict" | "limit.reached" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Take my request back. */
  "room.request.withdraw": { d: RoomRef; ok: Nothing; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "not.found" | "conflict" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Let somebody in who asked. */
  "room.request.accept": { d: RoomUser; ok: Invited; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Decline a request. */
  "room.request.decline": { d: RoomUser; ok: Nothing; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Remove somebody from a room. */
  "room.kick": { d: RoomUser; ok: Nothing; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Remove somebody and keep them out. */
  "room.ban": { d: BanUser; ok: Banned; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "limit.reached" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Lift a ban. */
  "room.unban": { d: RoomUser; ok: Nothing; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Let somebody be silent until a time. */
  "room.mute": { d: MuteUser; ok: Muted; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "limit.reached" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Lift a mute. */
  "room.unmute": { d: RoomUser; ok: Nothing; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Make a member a moderator or an admin, or a member again. */
  "room.role.set": { d: SetRole; ok: MemberRole; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "limit.reached" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Make a member the owner of my room. */
  "room.transfer": { d: RoomUser; ok: RoomView; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "conflict" | "limit.reached" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** End somebody's room. */
  "room.remove": { d: RemoveRoom; ok: Nothing; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Who is in a room, for its members. */
  "room.members": { d: ListMembers; ok: MemberPage; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "rate.limited" | "internal" | "draining" };
  /** Who is invited to a room. */
  "room.invitations": { d: ListRoom; ok: InvitationPage; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "rate.limited" | "internal" | "draining" };
  /** The rooms I am invited to. */
  "room.invitations.mine": { d: ListInvitations; ok: MyInvitations; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "rate.limited" | "internal" | "draining" };
  /** Who asks to be let in. */
  "room.requests": { d: ListRoom; ok: RequestPage; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "rate.limited" | "internal" | "draining" };
  /** Who is kept out of a room. */
  "room.bans": { d: ListRoom; ok: BanPage; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "rate.limited" | "internal" | "draining" };
  /** Who is silenced in a room. */
  "room.mutes": { d: ListRoom; ok: MutePage; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "rate.limited" | "internal" | "draining" };
  /** All rooms there are, or some by id, owner or name. */
  "room.search": { d: SearchRooms; ok: RoomSummaries; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "rate.limited" | "internal" | "draining" };
  /** Say something in a room. */
  "message.send": { d: SendMessage; ok: Sent; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "location.required" | "user.muted" | "not.found" | "too.large" | "content.rejected" | "rate.limited" | "internal" | "draining" | "busy" | "storage.full" };
  /** Say something to the hexagons around. */
  "here.say": { d: SayHere; ok: Sent; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "location.required" | "user.muted" | "location.hidden" | "too.large" | "content.rejected" | "rate.limited" | "internal" | "draining" | "busy" | "storage.full" };
  /** I am writing. */
  typing: { d: Typing; ok: Nothing; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "user.muted" | "not.found" | "rate.limited" | "internal" | "draining" };
  /** I have read up to here. */
  "read.mark": { d: MarkRead; ok: Nothing; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "conflict" | "rate.limited" | "internal" | "draining" | "busy" | "storage.full" };
  /** A room's messages. */
  "message.history": { d: RoomHistory; ok: HistoryPage; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "rate.limited" | "internal" | "draining" };
  /** A hexagon's messages. */
  "here.history": { d: HereHistory; ok: HistoryPage; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "location.required" | "location.hidden" | "not.found" | "rate.limited" | "internal" | "draining" };
  /** Erase me and everything I wrote, for ever. */
  "account.erase": { d: EraseAccount; ok: Erasing; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "account.unconfirmed" | "conflict" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Make a copy of everything stored about me. */
  "account.export": { d: Nothing; ok: ExportView; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** The proof of an erasure, for whoever has its receipt. */
  "account.erasure": { d: FindErasure; ok: Proof; errors: "frame.bad" | "field.invalid" | "not.found" | "rate.limited" | "internal" | "draining" };
  /** The copies of my data that I asked for. */
  "account.exports": { d: Nothing; ok: Exports; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "rate.limited" | "internal" | "draining" };
  /** One copy of my data, and whether it is ready. */
  "account.export.get": { d: ExportRef; ok: ExportView; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "not.found" | "rate.limited" | "internal" | "draining" };
  /** A ticket to `connect` with, good once and for 30 s. */
  "auth.ticket": { d: Nothing; ok: TicketIssued; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "rate.limited" | "internal" | "draining" };
  /** Neither of us sees or hears the other any more; they are not told. */
  "user.block": { d: Relate; ok: Relation; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "relations.full" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Take my block back. */
  "user.unblock": { d: Unrelate; ok: Relation; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** I no longer hear them; they are not told. */
  "user.mute": { d: Relate; ok: Relation; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "relations.full" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Hear them again. */
  "user.unmute": { d: Unrelate; ok: Relation; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Report a message, a user or a room to the operator. */
  "report.create": { d: CreateReport; ok: Reported; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "reports.full" | "not.found" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Say what came of a report. */
  "report.close": { d: CloseReport; ok: ReportView; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "conflict" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Let a user say nothing until a time. */
  "user.silence": { d: Silence; ok: SilencedUser; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Let a user speak again. */
  "user.unsilence": { d: UnsilenceUser; ok: SilencedUser; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Warn a user, who is shown the text until they have read it. */
  "user.warn": { d: WarnUser; ok: Nothing; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Say that I have read a warning. */
  "warning.read": { d: WarningRef; ok: Nothing; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "rate.limited" | "internal" | "draining" | "storage.full" };
  /** Whom I blocked. */
  "user.blocks": { d: ListRelated; ok: RelatedPage; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "rate.limited" | "internal" | "draining" };
  /** Whom I muted. */
  "user.mutes": { d: ListRelated; ok: RelatedPage; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "rate.limited" | "internal" | "draining" };
  /** Reports, open or closed. */
  "report.list": { d: ListReports; ok: ReportPage; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "rate.limited" | "internal" | "draining" };
  /** One report with its evidence. */
  "report.get": { d: ReportRef; ok: ReportView; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "not.found" | "rate.limited" | "internal" | "draining" };
  /** What administrators have to tell me and I have not read, oldest first, and whether I may say nothing for now. */
  "warning.list": { d: Nothing; ok: Told; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "rate.limited" | "internal" | "draining" };
  /** How the server is: what every part says of itself. */
  "operator.figures": { d: Nothing; ok: Figures; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "rate.limited" | "internal" | "draining" };
  /** The busiest hexagons, in counts of fives, of at most `operator.cells_s` ago. */
  "operator.cells": { d: Nothing; ok: BusyCells; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "rate.limited" | "internal" | "draining" };
  /** The settings in force, secrets masked. */
  "operator.settings": { d: Nothing; ok: SettingsInForce; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "rate.limited" | "internal" | "draining" };
  /** What administrators did, newest first. */
  "operator.audit": { d: ListAudit; ok: AuditPage; errors: "frame.bad" | "field.invalid" | "token.missing" | "token.invalid" | "token.expired" | "forbidden" | "rate.limited" | "internal" | "draining" };
  /** What anybody may know of this server before they come in. */
  "server.about": { d: Nothing; ok: About; errors: "frame.bad" | "field.invalid" | "rate.limited" | "internal" | "draining" };
}

/** Those that may be asked over the WebSocket. */
export type SocketOp =
  "auth.upgrade" | "auth.sign_out" | "auth.session.revoke" | "auth.password.change" | "auth.email.set" |
  "auth.email.verify" | "auth.totp.begin" | "auth.totp.confirm" | "auth.totp.disable" | "account.update" |
  "consent.give" | "consent.withdraw" | "user.ban" | "user.unban" | "user.sign_out" | "user.reset" | "account.me" |
  "auth.sessions" | "user.bans" | "user.find" | "user.get" | "connect" | "token" | "ping" | "location.update" |
  "location.clear" | "location.sharing" | "location.precision" | "zone.add" | "zone.remove" | "nearby.people" |
  "room.create" | "room.get" | "room.update" | "room.delete" | "room.join" | "room.leave" | "nearby.rooms" |
  "room.invite" | "room.uninvite" | "room.invitation.accept" | "room.invitation.decline" | "room.request" |
  "room.request.withdraw" | "room.request.accept" | "room.request.decline" | "room.kick" | "room.ban" | "room.unban" |
  "room.mute" | "room.unmute" | "room.role.set" | "room.transfer" | "room.remove" | "room.members" |
  "room.invitations" | "room.invitations.mine" | "room.requests" | "room.bans" | "room.mutes" | "room.search" |
  "message.send" | "here.say" | "typing" | "read.mark" | "message.history" | "here.history" | "account.erase" |
  "account.export" | "account.erasure" | "account.exports" | "account.export.get" | "user.block" | "user.unblock" |
  "user.mute" | "user.unmute" | "report.create" | "report.close" | "user.silence" | "user.unsilence" | "user.warn" |
  "warning.read" | "user.blocks" | "user.mutes" | "report.list" | "report.get" | "warning.list" | "operator.figures" |
  "operator.cells" | "operator.settings" | "operator.audit" | "server.about";

/** Those that change nothing. */
export type QueryOp =
  "account.me" | "auth.sessions" | "user.bans" | "user.find" | "user.get" | "room.members" | "room.invitations" |
  "room.invitations.mine" | "room.requests" | "room.bans" | "room.mutes" | "room.search" | "message.history" |
  "here.history" | "account.erasure" | "account.exports" | "account.export.get" | "user.blocks" | "user.mutes" |
  "report.list" | "report.get" | "warning.list" | "operator.figures" | "operator.cells" | "operator.settings" |
  "operator.audit";

/** What the server says by itself. */
export interface Pushes {
  /** another device of mine changed my account */
  account: AccountChanged;
  /** the token ends within 60 s; renew it with `token` */
  "token.expiring": TokenExpiring;
  /** another device of mine moved, joined or left: what I hear has changed */
  streams: StreamsChanged;
  /** the server is about to close this connection */
  bye: Bye;
  /** who came to and left a hexagon I hear, once per privacy tick */
  presence: Presence;
  /** where others see me has changed */
  "location.shown": Shown;
  /** a fellow member left the map: forget where they were */
  "location.cleared": LocationCleared;
  /** a room of mine changed */
  "room.update": RoomChanged;
  /** a room of mine ended */
  "room.delete": RoomDeleted;
  /** someone joined a room of mine */
  "member.join": MemberJoined;
  /** someone left a room of mine */
  "member.leave": MemberLeft;
  /** someone in a room of mine has another role */
  "member.role": MemberRole;
  /** somebody invites me to a room */
  "room.invited": RoomInvited;
  /** somebody asks to be let into a room I moderate */
  "room.request": RoomRequested;
  /** my request to join a room was granted: join it */
  "room.admitted": RoomAdmitted;
  /** my request to join a room was declined */
  "room.declined": RoomNotice;
  /** I was removed from a room */
  "room.kicked": RoomNotice;
  /** I was removed from a room and may not come back */
  "room.banned": RoomBanned;
  /** I may come back to a room */
  "room.unbanned": RoomNotice;
  /** I may not speak in a room */
  "room.muted": RoomMuted;
  /** I may speak in a room again */
  "room.unmuted": RoomNotice;
  /** a message in a room of mine */
  "message.new": Message;
  /** a message in a hexagon I hear */
  "here.message": Message;
  /** someone is writing in a room of mine */
  typing: TypingPush;
  /** someone who shares it has read that far, once per privacy tick */
  read: Read;
  /** a copy of my data is ready, or could not be made */
  "account.export": ExportView;
  /** another device of mine blocked or muted somebody, or took it back */
  relation: Relation;
  /** an administrator warns me; `warning.read` says that I have read it */
  "user.warned": UserWarned;
  /** I may say nothing until a time, or (until is null) may speak again */
  "user.silenced": UserSilenced;
}

/** Where each is over REST, below PREFIX. */
export const ROUTES = {
  "auth.guest": "POST /auth/guest",
  "auth.register": "POST /auth/register",
  "auth.sign_in": "POST /auth/sign-in",
  "auth.refresh": "POST /auth/refresh",
  "auth.upgrade": "POST /auth/upgrade",
  "auth.sign_out": "POST /auth/sign-out",
  "auth.session.revoke": "DELETE /auth/sessions/{sid}",
  "auth.password.change": "POST /auth/password",
  "auth.reset.request": "POST /auth/reset/request",
  "auth.reset": "POST /auth/reset",
  "auth.email.set": "POST /auth/email",
  "auth.email.verify": "POST /auth/email/verify",
  "auth.totp.begin": "POST /auth/totp",
  "auth.totp.confirm": "POST /auth/totp/confirm",
  "auth.totp.disable": "POST /auth/totp/disable",
  "account.update": "PATCH /account",
  "consent.give": "POST /consents",
  "consent.withdraw": "DELETE /consents/{purpose}",
  "user.ban": "POST /bans",
  "user.unban": "DELETE /bans/{user}",
  "user.sign_out": "POST /users/{user}/sign-out",
  "user.reset": "POST /users/{user}/reset",
  "account.me": "GET /account",
  "auth.sessions": "GET /auth/sessions",
  "user.bans": "GET /bans",
  "user.find": "POST /users/search",
  "user.get": "GET /users/{user}",
  ping: "GET /ping",
  "location.update": "POST /location",
  "location.clear": "DELETE /location",
  "location.sharing": "GET /location/sharing",
  "location.precision": "PUT /location/precision",
  "zone.add": "POST /location/zones",
  "zone.remove": "POST /location/zones/remove",
  "nearby.people": "GET /nearby/people",
  "room.create": "POST /rooms",
  "room.get": "GET /rooms/{room}",
  "room.update": "PATCH /rooms/{room}",
  "room.delete": "DELETE /rooms/{room}",
  "room.join": "POST /rooms/{room}/join",
  "room.leave": "POST /rooms/{room}/leave",
  "nearby.rooms": "GET /nearby/rooms",
  "room.invite": "POST /rooms/{room}/invitations/{user}",
  "room.uninvite": "DELETE /rooms/{room}/invitations/{user}",
  "room.invitation.accept": "POST /rooms/{room}/invitation/accept",
  "room.invitation.decline": "DELETE /rooms/{room}/invitation",
  "room.request": "POST /rooms/{room}/request",
  "room.request.withdraw": "DELETE /rooms/{room}/request",
  "room.request.accept": "POST /rooms/{room}/requests/{user}/accept",
  "room.request.decline": "DELETE /rooms/{room}/requests/{user}",
  "room.kick": "DELETE /rooms/{room}/members/{user}",
  "room.ban": "POST /rooms/{room}/bans/{user}",
  "room.unban": "DELETE /rooms/{room}/bans/{user}",
  "room.mute": "POST /rooms/{room}/mutes/{user}",
  "room.unmute": "DELETE /rooms/{room}/mutes/{user}",
  "room.role.set": "PATCH /rooms/{room}/members/{user}",
  "room.transfer": "POST /rooms/{room}/owner/{user}",
  "room.remove": "POST /rooms/{room}/remove",
  "room.members": "GET /rooms/{room}/members",
  "room.invitations": "GET /rooms/{room}/invitations",
  "room.invitations.mine": "GET /invitations",
  "room.requests": "GET /rooms/{room}/requests",
  "room.bans": "GET /rooms/{room}/bans",
  "room.mutes": "GET /rooms/{room}/mutes",
  "room.search": "POST /rooms/search",
  "message.send": "POST /rooms/{room}/messages",
  "here.say": "POST /here/messages",
  typing: "POST /rooms/{room}/typing",
  "read.mark": "POST /rooms/{room}/read",
  "message.history": "GET /rooms/{room}/messages",
  "here.history": "GET /here/messages",
  "account.erase": "POST /account/erase",
  "account.export": "POST /account/exports",
  "account.erasure": "POST /account/erasure",
  "account.exports": "GET /account/exports",
  "account.export.get": "GET /account/exports/{export}",
  "auth.ticket": "POST /auth/ticket",
  "user.block": "POST /blocks",
  "user.unblock": "DELETE /blocks/{user}",
  "user.mute": "POST /mutes",
  "user.unmute": "DELETE /mutes/{user}",
  "report.create": "POST /reports",
  "report.close": "POST /reports/{report}/close",
  "user.silence": "POST /silences",
  "user.unsilence": "DELETE /silences/{user}",
  "user.warn": "POST /users/{user}/warnings",
  "warning.read": "DELETE /warnings/{warning}",
  "user.blocks": "GET /blocks",
  "user.mutes": "GET /mutes",
  "report.list": "GET /reports",
  "report.get": "GET /reports/{report}",
  "warning.list": "GET /warnings",
  "operator.figures": "GET /operator/figures",
  "operator.cells": "GET /operator/cells",
  "operator.settings": "GET /operator/settings",
  "operator.audit": "GET /operator/audit",
  "server.about": "GET /about",
} as const;

/** Every refusal. Compare names; `temporary`: the same request may succeed later, unchanged. */
export const ERRORS = {
  /** The frame is not one JSON object of the documented form. */
  "frame.bad": { code: 40001, temporary: false },
  /** There is no operation of that name. */
  "op.unknown": { code: 40002, temporary: false },
  /** A field is missing, of the wrong type, or out of range. */
  "field.invalid": { code: 40003, temporary: false },
  /** Sign in first: no token was given. */
  "token.missing": { code: 40101, temporary: false },
  /** The token is not one this server issued. */
  "token.invalid": { code: 40102, temporary: false },
  /** Login or password is wrong. */
  "login.wrong": { code: 40103, temporary: false },
  /** Give the code of your second factor too. */
  "totp.required": { code: 40104, temporary: false },
  /** The code of the second factor is wrong, or was used before. */
  "totp.wrong": { code: 40105, temporary: false },
  /** This refresh token was used before, so the sign-in was ended; sign in again. */
  "token.reused": { code: 40106, temporary: false },
  /** The one-time code is wrong, was used, or is out of date; ask for a new one. */
  "code.wrong": { code: 40107, temporary: false },
  /** The token has expired; get a new one. */
  "token.expired": { code: 40142, temporary: true },
  /** You may not do this. */
  forbidden: { code: 40301, temporary: false },
  /** Send location.update first: this needs to know where you are. */
  "location.required": { code: 40310, temporary: false },
  /** You are outside this room's area. */
  "room.outside": { code: 40311, temporary: false },
  /** The room has all the members it can hold. */
  "room.full": { code: 40312, temporary: true },
  /** This is not possible between you and that user. */
  "user.blocked": { code: 40313, temporary: false },
  /** You are muted here. */
  "user.muted": { code: 40314, temporary: true },
  /** Give consent for this purpose first (consent.give). */
  "consent.required": { code: 40315, temporary: false },
  /** You can neither speak nor read here while your location is hidden. */
  "location.hidden": { code: 40316, temporary: false },
  /** Members of this room learn whether you are inside; join again with accept_precise. */
  "room.precise": { code: 40317, temporary: false },
  /** This user is banned. */
  "user.banned": { code: 40318, temporary: false },
  /** That is not your password. */
  "password.wrong": { code: 40320, temporary: false },
  /** You are banned from this room. */
  "room.banned": { code: 40321, temporary: false },
  /** This room is joined by invitation; ask for one with room.request. */
  "room.closed": { code: 40322, temporary: false },
  /** This request was not made by our own page. */
  "csrf.refused": { code: 40330, temporary: false },
  /** You have blocked or muted as many people as one may. */
  "relations.full": { code: 40340, temporary: false },
  /** You have made as many reports as one may before they were looked into. */
  "reports.full": { code: 40341, temporary: true },
  /** This needs your password, and it was not the right one. */
  "account.unconfirmed": { code: 40350, temporary: false },
  /** There is nothing here that you may see. */
  "not.found": { code: 40401, temporary: false },
  /** This contradicts what is already there. */
  conflict: { code: 40901, temporary: false },
  /** This login belongs to somebody else; choose another one. */
  "login.taken": { code: 40910, temporary: false },
  /** You have no password yet; make an account with `auth.upgrade` first. */
  "account.none": { code: 40911, temporary: false },
  /** You have an account already. */
  "account.exists": { code: 40912, temporary: false },
  /** The second factor is not in the state this needs. */
  "totp.state": { code: 40913, temporary: false },
  /** There are as many of these as there may be; end one first. */
  "limit.reached": { code: 40920, temporary: false },
  /** The request is larger than the server accepts. */
  "too.large": { code: 41301, temporary: false },
  /** This content is not accepted. */
  "content.rejected": { code: 42213, temporary: false },
  /** Too many requests; the connection stays open. */
  "rate.limited": { code: 42911, temporary: true },
  /** The server failed; it has been logged. */
  internal: { code: 50001, temporary: true },
  /** The server is starting or stopping; try again shortly. */
  draining: { code: 50301, temporary: true },
  /** The server has too much of this to do right now; try again shortly. */
  busy: { code: 50302, temporary: true },
  /** The server cannot save right now; nothing was stored. */
  "storage.full": { code: 50701, temporary: true },
} as const;

export type ErrorName = keyof typeof ERRORS;

/** Close codes: 40xx do not retry, 41xx back off and then retry, 42xx reconnect now and resume. */
export const CLOSE = {
  GOING_AWAY: 1001,
  PROTOCOL_ERROR: 1002,
  UNSUPPORTED_DATA: 1003,
  INVALID_UTF8: 1007,
  TOO_BIG: 1009,
  INTERNAL: 1011,
  PROTOCOL: 4001,
  AUTH: 4004,
  BANNED: 4010,
  REPLACED: 4011,
  REVOKED: 4012,
  CAPACITY: 4100,
  RATE: 4101,
  SLOW_CONSUMER: 4108,
  DRAIN: 4200,
  NO_PONG: 4201,
  TOKEN_EXPIRED: 4211,
} as const;
