import { deleteFileTool } from './delete-file.ts';
import { editFileTool } from './edit-file.ts';
import { finishTool } from './finish.ts';
import { listFilesTool } from './list-files.ts';
import type { BuiltinTool } from './port.ts';
import { proposePlanTool } from './propose-plan.ts';
import { readFileTool } from './read-file.ts';
import { runTool } from './run.ts';
import { searchTool } from './search.ts';
import { updatePlanTool } from './update-plan.ts';
import { writeFileTool } from './write-file.ts';

const LOOKING: readonly BuiltinTool[] = [readFileTool, listFilesTool, searchTool];

/** For an instruction that only asks for a plan: nothing that changes anything. */
export const planningTools: readonly BuiltinTool[] = [...LOOKING, proposePlanTool];

export const workingTools: readonly BuiltinTool[] = [
  ...LOOKING,
  editFileTool,
  writeFileTool,
  deleteFileTool,
  runTool,
  updatePlanTool,
  finishTool,
];
