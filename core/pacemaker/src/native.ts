/** Loads the addon that binding.gyp builds, and gives it types. Used by the classes beside this file only. */
import { createRequire } from 'node:module';
import { NativeMissingError, NativeSocketError } from './errors.js';
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

interface Native extends NativePacemaker {
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
  unixDatagramSend(path: string, bytes: Uint8Array): number;
  closeRawSocketsOnExec(): number;
  setParentDeathSignal(signal: number, parent: number): boolean;
  socketClose(handle: Handle): void;
  socketSetReferenced(handle: Handle, referenced: boolean): void;
  socketDrops(handle: Handle): number;
}

let loaded: Native | undefined;

/** The addon. Throws NativeMissingError where it is not built for this machine. */
export function native(): Native {
  loaded ??= load(new URL('../build/Release/pacemaker.node', import.meta.url));
  return loaded;
}

/** Loads the addon from one place; separate for the test of its absence. */
export function load(at: URL): Native {
  try {
    return createRequire(import.meta.url)(at.pathname) as Native;
  } catch (error) {
    throw new NativeMissingError(at.pathname, { cause: error });
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
