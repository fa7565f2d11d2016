/** @mainstay/checker-file: keepalived's FILE_CHECK and its track_file blocks. Registration only. */
import {
  type ConfigEntry,
  type ConfigHandle,
  closest,
  defineChecker,
  definePlugin,
  type Plugin,
  type ReconfigureAnswer,
  type Run,
} from '@mainstay/sdk';
import { type FileCheck, fields, type TrackFile, trackFile } from './config.js';
import { verdictOf } from './number.js';
import { type Definitions, TrackFiles } from './track-files.js';

export { faultAtOrBelow, mostBytes, readNumber, verdictOf, type Weight } from './number.js';
export { emptyMs, rereadMs } from './track-files.js';

/** keepalived's older word for `track_file`. */
const olderKeyword = 'vrrp_track_file';

interface Handles {
  readonly files: ConfigHandle<TrackFile>;
  readonly older: ConfigHandle<TrackFile>;
  readonly checks: ConfigHandle<FileCheck>;
}

function definitions({ files, older }: Handles): Definitions {
  return new Map([...older.entries, ...files.entries].map(({ name, value }) => [name, value]));
}

function checkOlder(entry: ConfigEntry<TrackFile>, files: readonly ConfigEntry<TrackFile>[]): void {
  const reporter = entry.report();
  reporter.warning('CONFIG_DEPRECATED', `${olderKeyword} is deprecated`, 'write track_file');
  if (!files.some(({ name }) => name === entry.name)) return;
  reporter.error('CONFIG_DUPLICATE_NAME', `there are two track_file ${entry.name}`, 'give one of them another name');
}

function checkName({ value, report }: ConfigEntry<FileCheck>, known: Definitions): void {
  if (known.has(value.track_file)) return;
  const near = closest(value.track_file, known.keys());
  const hint = near === undefined ? `write: track_file ${value.track_file} { file PATH }` : `did you mean "${near}"?`;
  report('track_file').error('CONFIG_UNKNOWN_NAME', `there is no track_file ${value.track_file}`, hint);
}

export function checkerFile(): Plugin {
  let handles: Handles | undefined;
  const files = new TrackFiles();
  const fileCheck = defineChecker({
    keyword: 'FILE_CHECK',
    summary: 'Takes the state or the weight of the server from the number in a file.',
    fields,
    needs: ['files'],
    target: 'none',
    watch: ({ config, report }) =>
      files.follow(config.track_file, ({ number, weight }) => report(verdictOf(number, config.weight ?? weight))),
  });
  const configure = (run: Run) => files.configure(run, handles === undefined ? new Map() : definitions(handles));
  return definePlugin({
    name: 'checker-file',
    setup(app) {
      const own: Handles = {
        files: app.config.named('track_file', trackFile),
        older: app.config.named(olderKeyword, trackFile),
        checks: app.checkers.define(fileCheck),
      };
      handles = own;
      app.config.check(() => {
        for (const entry of own.older.entries) checkOlder(entry, own.files.entries);
        const known = definitions(own);
        for (const entry of own.checks.entries) checkName(entry, known);
      });
      app.status.objects(() => files.objects());
    },
    start: configure,
    async reconfigure(run): Promise<ReconfigureAnswer> {
      await configure(run);
      return 'absorbed';
    },
    stop: () => files.stop(),
  });
}

export default checkerFile();
