import { describe, expect, it } from '@jest/globals';
import { parseTemplate, TemplateConflictError, TemplateRegistry, type TaskTemplate } from './index.js';

function template(namespace: string, name: string, version: string, description?: string): TaskTemplate {
  const steps = [{ name: 'a', handler: { callable: 'A' } }];
  const text = JSON.stringify({ name, namespace_name: namespace, version, description, steps });
  return parseTemplate(text, `${namespace}-${name}-${version}.yaml`);
}

describe('the template registry', () => {
  it('finds a template by namespace, name and version, and nothing else', () => {
    const registry = new TemplateRegistry();
    const pay = template('shop', 'pay', '1.0.0');
    registry.add(pay);
    expect(registry.find('shop', 'pay', '1.0.0')).toBe(pay);
    expect(registry.find('shop', 'pay', '1.0.1')).toBeUndefined();
    expect(registry.find('shop', 'constructor', '1.0.0')).toBeUndefined();
  });

  it('lists by namespace, name and version, 1.10.0 after 1.9.0', () => {
    const registry = new TemplateRegistry();
    const versions = ['1.10.0', '2.0.0', '1.9.0', '1.9.10', '1.9.2'];
    for (const version of versions) registry.add(template('shop', 'pay', version));
    registry.add(template('bank', 'pay', '3.0.0'));
    registry.add(template('shop', 'order', '9.0.0'));
    expect(registry.versions('shop', 'pay').map(({ version }) => version)).toEqual([
      '1.9.0',
      '1.9.2',
      '1.9.10',
      '1.10.0',
      '2.0.0',
    ]);
    expect(
      registry
        .list()
        .map(({ namespace, name }) => `${namespace}/${name}`)
        .slice(0, 3),
    ).toEqual(['bank/pay', 'shop/order', 'shop/pay']);
    expect(registry.namespaces()).toEqual(['bank', 'shop']);
  });

  it('takes the same content again, and refuses other content under a known version', () => {
    const registry = new TemplateRegistry();
    const first = template('shop', 'pay', '1.0.0');
    registry.add(first);
    registry.add(template('shop', 'pay', '1.0.0'));
    expect(registry.find('shop', 'pay', '1.0.0')).toBe(first);
    expect(() => registry.add(template('shop', 'pay', '1.0.0', 'changed'))).toThrow(TemplateConflictError);
    expect(registry.find('shop', 'pay', '1.0.0')).toBe(first);
  });
});
