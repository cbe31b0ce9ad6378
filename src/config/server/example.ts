/** The commented `agent:` of `funade.config.yaml`, as the reference shows it: every setting with its default, or an example. */
export const agentSettingsExample = `agent:
  # none (tasks fail with that reason), builtin, command, or noop.
  runner: builtin
  # Tasks that one process works on at the same time.
  slots: 2
  # Only issues and changes of these; an empty list: of all that deliver to this server.
  repositories: []
  # The model of the builtin runner, and what a command-line agent reaches through the proxy.
  model:
    # openai-compatible, anthropic, ollama or lmstudio. The last three know their address.
    provider: openai-compatible
    url: https://api.openai.com/v1
    name: gpt-5
    # Agents never get it: it is added by a proxy of this process.
    key: \${OPENAI_API_KEY}
    # Tokens of its context.
    window: 128000
    # US dollars for a million tokens; budget.money needs both.
    price: { input: 1.25, output: 10 }
  # For the command runner: any command-line agent. \${NAME} is left to its shell.
  # command: my-agent < "$FUNADE_PROMPT_FILE"
  # model (only the endpoint of the model), none or open.
  network: model
  # refuse or allow: agents where isolation is missing.
  untrusted: refuse
  # For each task: calls of the model, tokens, US dollars (default: no limit), time of work.
  budget: { steps: 200, tokens: 4000000, money: 5, time: 1h }
  # Megabytes of memory, processes, megabytes of output.
  limits: { memory: 4096, processes: 512, output: 50 }
  # What every branch begins with that Funade pushes.
  branchPrefix: funade/
  # never, or required: a person approves each plan.
  planApproval: never
  # How long a task may stay paused, or wait for approval.
  pausedFor: 14d
  # MCP servers whose tools the builtin runner offers to the model, by name. \${NAME} expands in every value.
  mcp:
    browser:
      command: [npx, -y, "@playwright/mcp"]
      environment: { DISPLAY: ":0" }
    tracker:
      url: https://mcp.example.com/mcp
      headers: { Authorization: "Bearer \${TRACKER_TOKEN}" }
  labels:
    trigger: coding agent
    processing: coding agent processing
    done: coding agent done
    failed: coding agent failed
    paused: coding agent paused
    stopped: coding agent stopped
`;
