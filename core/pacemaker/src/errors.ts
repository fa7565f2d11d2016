/** Errors of the addon. This package knows nothing of the SDK; core translates them for people. */
import { getSystemErrorMap } from 'node:util';

/** The addon is not there for this machine, or does not load. `code` is that of the error catalogue. */
export class NativeMissingError extends Error {
  override readonly name = 'NativeMissingError';
  readonly code = 'NATIVE_MISSING';
  constructor(path: string, options?: ErrorOptions) {
    super(
      `the native part of Mainstay cannot be loaded from ${path} (${reason(options?.cause)}): no socket can be opened, ` +
        'nothing can run. Neither a binary that came with the package nor one built here fits this machine. Build it with ' +
        '`npm rebuild @mainstay/pacemaker` (needs a C compiler, make and python3)',
      options,
    );
  }
}

/** Why the dynamic linker or Node refused: the first line, which is the one that says so. */
function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return 'no reason given';
  if ((cause as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return 'there is no such file';
  return cause.message.split('\n', 1)[0] ?? '';
}

/** The kernel refused a socket call: `errno` is the symbolic name, such as ENODEV. */
export class NativeSocketError extends Error {
  override readonly name = 'NativeSocketError';
  constructor(
    what: string,
    readonly errno: string,
    readonly syscall: string,
    options?: ErrorOptions,
  ) {
    super(`${what}: ${syscall} failed with ${errno}`, options);
  }

  /** What a call into the addon threw; a misuse of its arguments stays a TypeError. */
  static from(what: string, thrown: unknown): unknown {
    if (!(thrown instanceof Error) || !('syscall' in thrown) || !('code' in thrown)) return thrown;
    return new NativeSocketError(what, String(thrown.code), String(thrown.syscall), { cause: thrown });
  }

  static fromNumber(what: string, syscall: string, errno: number): NativeSocketError {
    return new NativeSocketError(what, errnoName(errno), syscall);
  }
}

/** Symbolic name of a positive errno, or its number where the platform has no name for it. */
export function errnoName(errno: number): string {
  return getSystemErrorMap().get(-errno)?.[0] ?? `errno ${errno}`;
}
