/** One record of the daemon's log, as core hands it to whoever keeps it. */
import type { HostOptions } from '@mainstay/core';

export type LogRecord = Parameters<HostOptions['log']>[0];
