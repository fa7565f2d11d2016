/** A notify-script plugin on a simulated host, with an empty vrrp_instance block to extend and events made by the test. */
import { notifyScript } from '@mainstay/notify-script';
import { definePlugin, s, type VrrpState, type VrrpTransitioned } from '@mainstay/sdk';
import { type TestedPlugin, type TestPluginOptions, testPlugin } from '@mainstay/testing';

export const routers = definePlugin({
  name: 'routers',
  setup(app) {
    app.config.named('vrrp_instance', s.block({ interface: s.word().default('eth0') }));
  },
});

export async function startScripts(config: string, options: TestPluginOptions = {}): Promise<TestedPlugin> {
  const manifest = { lane: 'extension', needs: ['process'] } as const;
  return testPlugin(notifyScript(), { config, alongside: [routers], manifest, laneKind: 'extension', ...options });
}

export function transition(instance: string, to: VrrpState, priority = 100): VrrpTransitioned {
  const identity = { instance, interface: 'eth0', virtualRouterId: 51, family: 4 } as const;
  return { ...identity, from: 'backup', to, reason: 'master-down', detail: '', priority, at: 0 };
}

/** An event as it comes from the lane of the virtual routers. */
export function tell({ host }: TestedPlugin, instance: string, to: VrrpState): void {
  host.bus.deliver('vrrp.transitioned', instance, transition(instance, to));
}

export function tellLower({ host }: TestedPlugin, instance: string): void {
  const { from: _, to: __, reason: ___, detail: ____, ...identity } = transition(instance, 'master');
  host.bus.deliver('vrrp.lowerPriorityReceived', instance, { ...identity, peer: '192.0.2.9', peerPriority: 50 });
}

export const ran = ({ ports }: TestedPlugin): readonly string[] => ports.process.runs.map(({ command }) => command.join(' '));
