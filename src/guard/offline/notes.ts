import { dirname } from 'node:path';
import type { Fault, Language, MessageValues } from '../../kernel/index.ts';
import type { Collected } from './collect.ts';
import type { LonelyHpa } from './lint-hpa.ts';
import type { Manifest } from './manifest.ts';
import { type OfflineTextKey, offlineText } from './texts/index.ts';

export interface NoteOptions {
  readonly language: Language;
  readonly namespace: string;
  /** The policy that asks the control plane is on, and was left out. */
  readonly left: boolean;
  readonly judged: readonly Manifest[];
  readonly lonely: readonly LonelyHpa[];
}

/** What the reader of a report has to know beside its findings. */
export function notesOf({ kustomizations }: Collected, options: NoteOptions): readonly Fault[] {
  const text = offlineText(options.language);
  const note = (key: OfflineTextKey, values: MessageValues, place: Partial<Fault> = {}): Fault => ({
    ...place,
    message: text(key, values),
    fix: text(`${key}.fix` as OfflineTextKey, values),
  });
  const nowhere = options.judged.filter(({ namespace }) => namespace === null).length;
  return [
    ...kustomizations.map((file) => note('note.kustomization', { folder: dirname(file) }, { file })),
    ...twice(options.judged, options.namespace).map(({ first, again }) => {
      const values = {
        object: `${again.kind}/${again.name ?? '-'}`,
        file: first.file === '-' ? text('stdin') : first.file,
        line: first.line,
      };
      return note('note.duplicate', values, { file: again.file, line: again.line });
    }),
    ...options.lonely.map(({ manifest, target, isMiswritten }) => {
      const values = { object: `${manifest.kind}/${manifest.name ?? '-'}`, target };
      const line = manifest.lineOf(['spec', 'scaleTargetRef']);
      return note(isMiswritten ? 'note.badKind' : 'note.noTarget', values, { file: manifest.file, line });
    }),
    ...withoutNamespace(),
    ...(options.left ? [note('note.released', {})] : []),
  ];

  function withoutNamespace(): readonly Fault[] {
    const { namespace } = options;
    const told = note('note.missingNamespace', { count: nowhere, namespace });
    if (nowhere === 1) return [{ ...told, message: text('note.missingNamespace.one', { namespace }) }];
    return nowhere === 0 ? [] : [told];
  }
}

function twice(
  manifests: readonly Manifest[],
  namespace: string,
): readonly { readonly first: Manifest; readonly again: Manifest }[] {
  const named = manifests.filter(({ name }) => name !== null);
  const same = Map.groupBy(named, (each) => JSON.stringify([each.kind, each.namespace ?? namespace, each.name]));
  return [...same.values()].flatMap(([first, ...rest]) =>
    first === undefined ? [] : rest.map((again) => ({ first, again })),
  );
}
