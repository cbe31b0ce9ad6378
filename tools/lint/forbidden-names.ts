import { type Rule, pathOf } from './rule.ts';

const FORBIDDEN = new Set(['util', 'utils', 'helper', 'helpers', 'common', 'types', 'misc']);

/** A file or folder carries the name of what it does; `utils` names nothing. */
export const forbiddenNames: Rule = {
  meta: { type: 'suggestion', docs: { description: 'No utils, helpers, common or types files.' } },
  create(context) {
    return {
      Program(node) {
        const name = pathOf(context)
          .split('/')
          .map((part) => part.replace(/\..*$/, '').toLowerCase())
          .find((part) => FORBIDDEN.has(part));
        if (name === undefined) return;
        context.report({
          node,
          message: `"${name}" says nothing about the content: name the file after what it does, or move its parts to where they are used.`,
        });
      },
    };
  },
};
