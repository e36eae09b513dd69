-- Has a room kept by a node, unless another one with a lease keeps it or there are as many as may be.
-- KEYS: nodes, rooms, the room's door, sessions. ARGV: node, room, most rooms (0: no limit), session.
-- Returns who keeps it ('' when there are too many, '?' when the node itself has no lease), and the door if it is new to the node.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function lives(node)
  local ends = redis.call('ZSCORE', KEYS[1], node)
  return ends and tonumber(ends) > now
end
if not lives(ARGV[1]) or redis.call('HGET', KEYS[4], ARGV[1]) ~= ARGV[4] then return {'?', ''} end
local keeper = redis.call('HGET', KEYS[2], ARGV[2])
if keeper and (keeper == ARGV[1] or lives(keeper)) then return {keeper, ''} end
if not keeper and tonumber(ARGV[3]) > 0 and redis.call('HLEN', KEYS[2]) >= tonumber(ARGV[3]) then return {'', ''} end
if keeper then redis.call('SREM', KEYS[2] .. ':' .. keeper, ARGV[2]) end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[1])
redis.call('SADD', KEYS[2] .. ':' .. ARGV[1], ARGV[2])
return {ARGV[1], redis.call('GET', KEYS[3]) or ''}
