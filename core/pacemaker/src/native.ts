/** Loads the addon, built here or before publishing, and gives it types. Used by the classes beside this file only. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { NativeMissingError, NativeSocketError } from './errors.js';
import type { NativeAsker } from './native-asker.js';
import type { NativePacemaker } from './native-pacemaker.js';

/** Opaque: the C side checks what it is given. */
export type Handle = object;

export interface ReceivedIpPacket {
  /** 4 or 16 bytes. */
  readonly source: Buffer;
  readonly destination: Buffer;
  /** TTL or hop limit, 0..255. */
  readonly hopLimit: number;
  readonly interfaceIndex: number;
  /** What follows the IP header, as long as that header says. A private copy. */
  readonly payload: Buffer;
}

interface Native extends NativePacemaker, NativeAsker {
  rawIpOpen(family: 4 | 6, protocol: number, index: number, receiveBuffer: number, onReadable: (errno: number) => void): Handle;
  rawIpMembership(handle: Handle, join: boolean, group: Uint8Array): void;
  rawIpReceive(handle: Handle, max: number): { packets: ReceivedIpPacket[]; discarded: number; error: number };
  packetOpen(index: number, etherType: number, receive: boolean, onReadable: (errno: number) => void): Handle;
  packetSend(handle: Handle, frame: Uint8Array): void;
  packetSendAll(handle: Handle, frames: readonly Uint8Array[]): { refused: number; error: number };
  packetReceive(handle: Handle, max: number): { frames: Buffer[]; error: number };
  netlinkOpen(protocol: number, receiveBuffer: number, onReadable: (errno: number) => void): Handle;
  netlinkMembership(handle: Handle, join: boolean, group: number): void;
  netlinkSend(handle: Handle, messages: Uint8Array): void;
  netlinkReceive(handle: Handle, max: number): { datagrams: Buffer[]; overrun: boolean; drained: boolean; error: number };
  streamPrepare(family: 4 | 6, link: string, mark: number, local: Uint8Array, localPort: number): number;
  datagramOpen(
    family: 4 | 6,
    link: string,
    mark: number,
    local: Uint8Array,
    localPort: number,
    protocol: number,
    remote: Uint8Array,
    remotePort: number,
    onReadable: (errno: number) => void,
  ): Handle;
  /** The errno of a refusal, or 0. */
  datagramSend(handle: Handle, bytes: Uint8Array): number;
  datagramReceive(handle: Handle, max: number): { datagrams: Buffer[]; error: number };
  unixDatagramSend(path: string, bytes: Uint8Array): number;
  closeRawSocketsOnExec(): number;
  closeOthersOnExec(isOneCall: boolean): void;
  setParentDeathSignal(signal: number, parent: number): boolean;
  socketClose(handle: Handle): void;
  socketSetReferenced(handle: Handle, referenced: boolean): void;
  socketDrops(handle: Handle): number;
}

let loaded: Native | undefined;

/** The addon. Throws NativeMissingError where there is none for this machine. */
export function native(): Native {
  loaded ??= load(locate());
  return loaded;
}

/** What was built on this machine wins, also when it does not load: another binary in its place would hide why. */
function locate(): URL {
  const local = new URL('../build/Release/pacemaker.node', import.meta.url);
  return existsSync(local) ? local : prebuilt();
}

/** Where scripts/prebuild.sh puts the binary for this machine. scripts/install.mjs tries it by this function. */
export function prebuilt(): URL {
  return new URL(`../prebuilds/${process.platform}-${process.arch}-${libc()}/pacemaker.node`, import.meta.url);
}

/** The C library that this process runs with. The report tells glibc's version; without its part about the network it asks nobody. */
function libc(): 'glibc' | 'musl' {
  // The types of Node 20 do not know it.
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork: boolean };
  const before = report.excludeNetwork;
  try {
    report.excludeNetwork = true;
    const { header } = report.getReport() as { header: { glibcVersionRuntime?: string } };
    return header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
  } finally {
    report.excludeNetwork = before;
  }
}

/** Loads the addon from one place; separate for the installation and for the test of its absence. */
export function load(at: URL): Native {
  const path = fileURLToPath(at);
  try {
    return createRequire(import.meta.url)(path) as Native;
  } catch (error) {
    throw new NativeMissingError(path, { cause: error });
  }
}

/** Runs a call into the addon, turning what it throws into NativeSocketError. */
export function guarded<Result>(what: string, call: (addon: Native) => Result): Result {
  const addon = native();
  try {
    return call(addon);
  } catch (error) {
    throw NativeSocketError.from(what, error);
  }
}
