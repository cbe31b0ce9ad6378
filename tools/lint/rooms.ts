import { breach, placeOf } from './house.ts';
import { type Rule, pathOf } from './rule.ts';

/** Imports keep the floors and doors of the house (`docs/adr` and CONTRIBUTING.md tell why). */
export const rooms: Rule = {
  meta: { type: 'problem', docs: { description: 'Imports keep the floors and doors of the house.' } },
  create(context) {
    const from = pathOf(context);
    type Reported = NonNullable<Parameters<typeof context.report>[0]['node']>;
    function check(node: Reported, specifier: unknown, typeOnly: boolean): void {
      if (typeof specifier !== 'string') return;
      const message = breach({ from, specifier, typeOnly });
      if (message !== null) context.report({ node, message: `${message}.` });
    }
    return {
      Program(node) {
        if (placeOf(from).kind !== 'stray') return;
        context.report({ node, message: `${from} stands in no room: tools/lint/house.ts lists the rooms of src.` });
      },
      ImportDeclaration(node) {
        check(node, node.source.value, node.importKind === 'type' || onlyTypes(node.specifiers));
      },
      ExportNamedDeclaration(node) {
        check(node, node.source?.value, node.exportKind === 'type');
      },
      ExportAllDeclaration(node) {
        check(node, node.source.value, node.exportKind === 'type');
      },
      ImportExpression(node) {
        if (node.source.type === 'Literal') check(node, node.source.value, false);
      },
      TSImportType(node) {
        check(node, node.source.value, true);
      },
    };
  },
};

function onlyTypes(specifiers: readonly { readonly type: string; readonly importKind?: string }[]): boolean {
  return specifiers.length > 0 && specifiers.every((specifier) => specifier.importKind === 'type');
}
