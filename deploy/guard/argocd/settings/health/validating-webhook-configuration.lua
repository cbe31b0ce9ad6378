-- Health of a ValidatingWebhookConfiguration: a webhook without a certificate authority can't be called.
local health = { status = "Healthy", message = "Every webhook has a certificate authority" }
local webhooks = obj.webhooks or {}
if #webhooks == 0 then
  health.status = "Degraded"
  health.message = "No webhook is configured"
  return health
end

local annotations = (obj.metadata or {}).annotations or {}
local injected = annotations["cert-manager.io/inject-ca-from"] ~= nil
  or annotations["cert-manager.io/inject-ca-from-secret"] ~= nil
  or annotations["cert-manager.io/inject-apiserver-ca"] ~= nil

for _, webhook in ipairs(webhooks) do
  local client = webhook.clientConfig or {}
  -- "Cg==" is a line end alone, which stands for an empty bundle where a field must not be empty.
  local missing = client.caBundle == nil or client.caBundle == "" or client.caBundle == "Cg=="
  -- A webhook that is called by its URL may have a certificate of a public authority.
  if missing and client.service ~= nil then
    if injected then
      health.status = "Progressing"
      health.message = "Waiting for cert-manager to write caBundle of " .. (webhook.name or "a webhook")
    else
      health.status = "Degraded"
      health.message = "caBundle of " .. (webhook.name or "a webhook") .. " is missing, and nothing asks cert-manager for it"
    end
    return health
  end
end
return health
