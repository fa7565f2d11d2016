/** The ports as one plugin gets them: those that its manifest names, and an error that says what to do for the others. */
import { MainstayError, type PortName, type Ports, portNames } from '@mainstay/sdk';

export function grantedPorts(plugin: string, needs: readonly PortName[], ports: () => Ports): Ports {
  let real: Ports | undefined;
  const granted = {};
  for (const name of portNames) {
    const get = () => {
      if (!needs.includes(name)) throw refusal(plugin, name);
      real ??= ports();
      return real[name];
    };
    Object.defineProperty(granted, name, { enumerable: needs.includes(name), get });
  }
  return Object.freeze(granted) as Ports;
}

function refusal(plugin: string, port: PortName): MainstayError {
  const message = `plugin ${plugin} touched the port "${port}", which it has not been granted`;
  return new MainstayError('PORT_NOT_GRANTED', message, `add "${port}" to "needs" in the mainstay block of its package.json`);
}
