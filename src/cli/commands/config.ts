import type { Command } from 'commander';
import { addConfigDocs } from './config-docs.ts';
import { addConfigInit } from './config-init.ts';
import { addConfigLint } from './config-lint.ts';
import { addConfigSchema } from './config-schema.ts';
import { addConfigShow } from './config-show.ts';
import type { AddCommand, Shell } from '../shell.ts';

/** `funade config init|lint|show|docs|schema` */
export const addConfig: AddCommand = (parent: Command, shell: Shell) => {
  const config = parent.command('config').description(shell.text('about.config'));
  for (const add of [addConfigInit, addConfigLint, addConfigShow, addConfigDocs, addConfigSchema]) add(config, shell);
};
