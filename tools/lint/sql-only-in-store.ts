import { isTestFile } from './house.ts';
import { type Rule, pathOf } from './rule.ts';

const DRIVERS = /^(?:kysely|pg)(?:\/|$)/;
const STATEMENT =
  /^\s*(?:select\s[\s\S]+\sfrom\s|insert\s+into\s|update\s+\S+\s+set\s|delete\s+from\s|(?:create|alter|drop)\s+table\s)/i;

/** SQL, the query builder and the driver stay in `store.ts` files and below `src/store`. */
export const sqlOnlyInStore: Rule = {
  meta: { type: 'problem', docs: { description: 'SQL only in store.ts files and in src/store.' } },
  create(context) {
    if (mayHoldSql(pathOf(context))) return {};
    const message = 'SQL belongs into the store.ts of its room (or src/store): give it a function there and call that.';
    return {
      ImportDeclaration(node) {
        if (DRIVERS.test(node.source.value)) context.report({ node, message });
      },
      ExportNamedDeclaration(node) {
        if (node.source !== null && DRIVERS.test(node.source.value)) context.report({ node, message });
      },
      ImportExpression(node) {
        const { source } = node;
        if (source.type === 'Literal' && typeof source.value === 'string' && DRIVERS.test(source.value))
          context.report({ node, message });
      },
      TaggedTemplateExpression(node) {
        const { tag } = node;
        if (tag.type === 'Identifier' && tag.name === 'sql') context.report({ node, message });
      },
      Literal(node) {
        if (typeof node.value === 'string' && STATEMENT.test(node.value)) context.report({ node, message });
      },
      TemplateLiteral(node) {
        if (STATEMENT.test(node.quasis.map((part) => part.value.raw).join('x'))) context.report({ node, message });
      },
    };
  },
};

function mayHoldSql(path: string): boolean {
  if (!path.startsWith('src/') || isTestFile(path)) return true;
  return path.startsWith('src/store/') || /(?:^|\/)store(?:\.ts$|\/)/.test(path);
}
