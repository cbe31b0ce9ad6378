-- Health of a Certificate of cert-manager.
local health = { status = "Progressing", message = "Waiting for the certificate" }
local status = obj.status
if status == nil or status.conditions == nil then
  return health
end

local ready, issuing = nil, nil
for _, condition in ipairs(status.conditions) do
  if condition.type == "Ready" then ready = condition end
  if condition.type == "Issuing" then issuing = condition end
end

-- What is said about an older spec says nothing about this one.
local generation = (obj.metadata or {}).generation
if ready ~= nil and ready.observedGeneration ~= nil and generation ~= nil and ready.observedGeneration < generation then
  health.message = "Waiting for cert-manager to see the change"
  return health
end

if ready ~= nil and ready.status == "True" then
  health.status = "Healthy"
  health.message = ready.message or "The certificate is there"
  return health
end
-- cert-manager tries again by itself, after ever longer waits.
if issuing ~= nil and issuing.status == "False" and issuing.reason == "Failed" then
  health.status = "Degraded"
  health.message = issuing.message or "The certificate could not be issued"
  return health
end
if issuing ~= nil and issuing.status == "True" then
  health.message = issuing.message or "The certificate is being issued"
  return health
end
if ready ~= nil and ready.status == "False" then
  -- "DoesNotExist" and the like are the first moments of a Certificate; an expired one is trouble.
  if ready.reason == "Expired" then
    health.status = "Degraded"
  end
  health.message = ready.message or health.message
end
return health
