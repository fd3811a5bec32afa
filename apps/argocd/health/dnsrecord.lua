-- The health of a DNSRecord from its condition Ready: what passes by itself is Progressing, what waits for
-- a person is Degraded, and so is a reason that is not known here where Ready is False.
local passing = {
  BackingOff = true,
  DeletionWaits = true,
  ProviderUnavailable = true,
  RateLimited = true,
  UnexpectedReply = true,
}
local paused = { DryRun = true, Suspended = true }

local status = obj.status or {}
if status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "this version was not looked at yet" }
end
for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "Ready" then
    local health = "Progressing"
    if paused[condition.reason] then
      health = "Suspended"
    elseif condition.status == "True" then
      health = "Healthy"
    elseif condition.status == "False" and not passing[condition.reason] then
      health = "Degraded"
    end
    return { status = health, message = condition.reason .. ": " .. condition.message }
  end
end
return { status = "Progressing", message = "not looked at yet" }
