// The whiteboard's paper, as somebody draws on it and looks at it.

/** How many of the paper's points are not white. */
export const inked = (person) => person.page.locator('.board canvas').evaluate((/** @type {HTMLCanvasElement} */ canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let at = 0; at < data.length; at += 4) count += Number(data[at] + data[at + 1] + data[at + 2] < 600);
  return count;
});

/** A stroke, from and to as parts of the paper. */
export async function draws(person, from, to) {
  const box = await person.page.locator('.board canvas').boundingBox();
  await person.page.mouse.move(box.x + from[0] * box.width, box.y + from[1] * box.height);
  await person.page.mouse.down();
  await person.page.mouse.move(box.x + to[0] * box.width, box.y + to[1] * box.height, { steps: 8 });
  await person.page.mouse.up();
}
