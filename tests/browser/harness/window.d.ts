// What the harness hangs on the page's window; see probes.mjs.

/** A video or audio element that plays a live stream. */
type Player = HTMLVideoElement & { srcObject: MediaStream };

interface Window {
  colours(width: number, height: number): MediaStream;
  playersIn(root: ParentNode): Player[];
  keptConnections: RTCPeerConnection[];
  keptRefusals: string[];
  keptLocks: WakeLockSentinel[];
  progressNoted: Set<number>;
  /** Seconds there and back. */
  trips: number[];
  connectionOf(tile: Element): RTCPeerConnection | undefined;
  pictureIn(tile: Element): Player | undefined;
  soundsIn(tile: Element): Promise<{ track: MediaStreamTrack; report: RTCInboundRtpStreamStats }[]>;
  firstPicture: Promise<number>;
  recorded: { frames: number[]; links: { at: number; link: string }[]; link: string };
  decodedOf: Record<string, { frames: number[]; sounds: number[] }>;
  wordsNoted: { text: string; gone: number }[];
  bareRtc: RTCPeerConnection;
  bareChannel: RTCDataChannel;
  bareRate: Promise<number>;
  buttonsSeen(): string[];
  focused(): { name: string; outlined: boolean };
  /** A clock that was slowed or hurried. */
  bentClock: { now: () => number; begun: number; since: number; pace: number };
  controlsLost(): string[];
  statesUnseen(): string[];
  tilesCrowded(): string[];
  controlsInSight(): { name: string; left: number; top: number; right: number; bottom: number }[];
  untranslated(): string[];
  axe: typeof import('axe-core');
}
