/** `mainstay run`: opens the log and hands over to core's daemon. In the foreground here, in the background by background.ts. */
import { join } from 'node:path';
import { datagramSender, openLogger, runDaemon, systemdNotifier } from '@mainstay/core/daemon';
import { parts } from '../distribution.js';
import type { DaemonArguments } from '../options.js';
import { runDirectoryOf } from '../paths.js';
import { prepareRequest } from '../request.js';
import { version } from '../version.js';

/** How the daemon tells the one who started it. */
export interface Starter {
  /** The standard streams are those of a person or a service manager. */
  readonly hasConsole: boolean;
  complain(text: string): void;
  ready(): void;
}

/** Answers the exit code once the daemon has ended. */
export async function run(args: DaemonArguments, starter: Starter): Promise<number> {
  process.title = 'mainstay';
  process.umask(args.umask ?? 0o077);
  const send = await datagramSender();
  const logger = openLogger({
    console: starter.hasConsole && (args.logConsole || process.stdout.isTTY),
    detail: args.logDetail,
    format: args.logFormat,
    ...(args.logFile !== undefined && { file: args.logFile }),
    noSyslog: args.noSyslog,
    facility: args.logFacility,
    ident: args.instance === undefined ? 'mainstay' : `mainstay_${args.instance}`,
    send,
  });
  const notifySocket = process.env.NOTIFY_SOCKET;
  // Scripts and plugins must not speak to systemd in the daemon's name.
  delete process.env.NOTIFY_SOCKET;
  const runDirectory = runDirectoryOf(args);
  const code = await runDaemon({
    request: prepareRequest({ ...args, unknownKeywords: args.strict ? 'error' : 'warning', verify: false }),
    logger,
    notifier: systemdNotifier(notifySocket, send, process.pid),
    runDirectory,
    version,
    ...(args.instance !== undefined && { instance: args.instance }),
    pidFile: args.pidFiles.daemon ?? join(runDirectory, 'mainstay.pid'),
    lanePidFiles: lanePidFiles(args, runDirectory),
    keepAddressesAtExit: args.keepAddresses,
    keepServicesAtExit: args.keepServices,
    dontRespawn: args.dontRespawn,
    ignoreSigint: args.ignoreSigint,
    dumpConfiguration: args.dumpConfiguration,
    complain: (text) => starter.complain(text),
    onReady: () => starter.ready(),
  });
  logger.flush();
  return code;
}

/** keepalived's one file for each part: of the lane in which the part's first plugin runs. */
function lanePidFiles({ pidFiles }: DaemonArguments, runDirectory: string) {
  const names = { vrrp: 'vrrp.pid', check: 'checkers.pid', bfd: 'bfd.pid' } as const;
  return (['vrrp', 'check', 'bfd'] as const).map((part) => {
    const first: readonly string[] = parts[part].plugins.slice(0, 1);
    return { plugins: first, path: pidFiles[part] ?? join(runDirectory, names[part]) };
  });
}
