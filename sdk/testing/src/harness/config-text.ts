/** keepalived.conf text for tests: read through core's own pipeline, refused with every diagnostic in the message. */
import { loadKeepalivedText } from '@mainstay/core';
import { type Diagnostic, formatDiagnostic, type SourceTree } from '@mainstay/sdk';

/** A configuration that the pipeline or a plugin refuses. `diagnostics` has each reason with its position. */
export class ConfigRefused extends Error {
  override readonly name = 'ConfigRefused';
  constructor(readonly diagnostics: readonly Diagnostic[]) {
    super(`the configuration is refused:\n${diagnostics.map(formatDiagnostic).join('\n')}`);
  }
}

export function refuseErrors(diagnostics: readonly Diagnostic[]): void {
  if (diagnostics.some((d) => d.severity === 'error')) throw new ConfigRefused(diagnostics);
}

/** Positions in messages name the file `test.conf`. Throws ConfigRefused. */
export async function readConfigText(text: string): Promise<SourceTree> {
  const { tree, diagnostics } = await loadKeepalivedText(text, { file: 'test.conf', configId: '' });
  refuseErrors(diagnostics);
  return tree;
}
