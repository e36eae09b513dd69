-- Puts down what became of an invitation, unless more is known: `USED ENDS`. KEYS: invitations. ARGV: id, used, ends.
local known = redis.call('HGET', KEYS[1], ARGV[1])
if not known or tonumber(string.match(known, '^%d+')) < tonumber(ARGV[2]) then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. ARGV[3])
end
return 1
