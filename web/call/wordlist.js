/**
 * 256 words that are told apart over a bad line: each stands for one byte of what two people compare by voice. The order
 * is part of the comparison: both pages must have the same list.
 */
export const WORDS = Object.freeze(('acorn actor alarm album alley amber anchor angel ankle apple april apron arena arrow atlas autumn avocado badge ' +
  'bagel bakery bamboo banana banjo barrel basket beach bear beetle bell bench berry bicycle bingo bishop blanket ' +
  'blossom boat bonus border bottle branch bread brick bridge bronze bucket butter button cabin cactus camera ' +
  'candle canoe canyon carbon carpet carrot castle cedar cello cherry chess chicken circle circus citrus clock ' +
  'clover coconut coffee copper coral corner cotton cousin cowboy crayon cricket crystal cupboard curtain daisy ' +
  'dancer desert diamond dinner doctor dolphin donkey dragon drawer eagle easter echo elbow elephant engine evening ' +
  'fabric falcon feather fiddle finger flame flower forest fossil fountain friday garden garlic ginger giraffe ' +
  'glove goblin golden gravel guitar hammer harbor harvest hazel helmet hobby honey horizon hotel island ivory ' +
  'jacket jaguar january jasmine jelly jewel jungle kettle kingdom kitchen kiwi ladder lagoon lantern lemon lettuce ' +
  'lily lion lizard lobster lotus lunch magnet mango maple marble market meadow melon mirror monday monkey morning ' +
  'mountain museum mustard napkin needle noodle north oasis ocean october olive onion opera orange orchard orchid ' +
  'otter oyster paddle palace panda paper parrot peanut pebble pencil penguin pepper piano pickle pigeon pillow ' +
  'pilot pirate planet pocket polar pony potato prairie puddle pumpkin puzzle rabbit radio rainbow raven ribbon ' +
  'river robin rocket saddle salad salmon sandal saturn scarf school shadow silver sister spider spoon square ' +
  'stable station sugar summer sunset table teapot temple ticket tiger timber tomato trumpet tulip turtle umbrella ' +
  'uncle valley velvet violin volcano wagon walnut water whistle window winter wizard yellow zebra').split(' '));
