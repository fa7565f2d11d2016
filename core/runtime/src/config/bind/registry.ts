/**
 * The merged schema of core and plugins, and the binding of a configuration to it. One for each plugin host; `mainstay check`
 * and a lane bind with the same code.
 */
import type { ConfigPoints, Diagnostic, SourceTree } from '@mainstay/sdk';
import { runChecks } from './checks.js';
import { Contributions } from './contributions.js';
import { jsonSchemaOf } from './json-schema.js';
import { Problems } from './problems.js';
import { type BindOptions, TreeBinder } from './tree-binder.js';

export type { BindOptions } from './tree-binder.js';

export class ConfigRegistry {
  private readonly contributions = new Contributions();
  private readonly reserved = new Map<string, string>();

  /** What `App.config` of a plugin is. */
  pointsFor(plugin: string): ConfigPoints {
    return this.contributions.pointsFor(plugin);
  }

  /** The same for a plugin that runs elsewhere: its keywords are known here, and nobody reads what they hold. */
  schemaPointsFor(plugin: string): ConfigPoints {
    return this.contributions.pointsFor(plugin, false);
  }

  /** A root keyword that belongs to a plugin which is not there: an error with a reason, rather than an unknown word. */
  reserve(keyword: string, why: string): void {
    this.reserved.set(keyword, why);
  }

  /**
   * Fills the handles and runs the plugins' checks; answers what is to be said, in the order of files and places. With errors
   * every handle keeps what it had. Throws MainstayError where the plugins' own declarations contradict each other.
   */
  bind(tree: SourceTree, options: BindOptions): readonly Diagnostic[] {
    const schema = this.contributions.settle();
    const problems = new Problems();
    const binder = new TreeBinder(schema, this.reserved, problems, options);
    binder.bind(tree);
    const { bound } = binder;
    const isPartial = problems.errors > 0;
    const takeBack = [...bound].map(([handle, list]) => {
      return handle.show(list.filter(({ isSound }) => isSound || !isPartial).map(({ entry }) => entry));
    });
    try {
      runChecks(schema, bound, problems, { file: tree.files[0] ?? '', line: 0, column: 0 });
    } finally {
      binder.forgetTree();
      if (problems.errors > 0) for (const restore of takeBack) restore();
    }
    return problems.sorted(tree.files);
  }

  /** JSON Schema (draft 2020-12) of the configuration as data (YAML, JSON, TypeScript). */
  jsonSchema(): object {
    return jsonSchemaOf(this.contributions.settle());
  }
}
