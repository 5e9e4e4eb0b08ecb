import { MARKS } from "./rendererTypes";

/**
 * Interpolates the points between two frames. Positions are u16 on the grid of their frame (65535 is missing); a
 * mark is one of `MARKS`, whose diameter and opacity stand in `looks`; what lies on the ground has the colour `missing`.
 */
export const VERTEX = `#version 300 es
precision highp float;
precision highp int;
layout(location = 0) in uint fromX;
layout(location = 1) in uint fromY;
layout(location = 2) in uint toX;
layout(location = 3) in uint toY;
layout(location = 4) in uint code;
layout(location = 5) in uint mark;
uniform vec3 fromGrid;
uniform vec3 toGrid;
uniform float along;
uniform vec4 camera;
uniform vec2 looks[5];
uniform uint missing;
uniform highp sampler2D palette;
flat out vec4 colour;
flat out float diameter;

void main() {
  bool absent = toX == 65535u || toY == 65535u;
  if (absent || mark == 0u) {
    gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
    gl_PointSize = 0.0;
    return;
  }
  vec2 to = toGrid.xy + vec2(toX, toY) * toGrid.z;
  bool appears = fromX == 65535u || fromY == 65535u;
  vec2 from = appears ? to : fromGrid.xy + vec2(fromX, fromY) * fromGrid.z;
  gl_Position = vec4((mix(from, to, along) - camera.xy) * camera.zw, 0.0, 1.0);
  diameter = looks[mark].x;
  gl_PointSize = diameter + 1.0;
  uint shown = mark == ${MARKS.ground}u ? missing : code;
  colour = vec4(texelFetch(palette, ivec2(int(shown & 255u), int(shown >> 8u)), 0).rgb, looks[mark].y);
}`;

/** Discs with smooth edges; colours are premultiplied. */
export const FRAGMENT = `#version 300 es
precision highp float;
flat in vec4 colour;
flat in float diameter;
out vec4 pixel;

void main() {
  float away = length(gl_PointCoord - 0.5) * (diameter + 1.0);
  float alpha = clamp(diameter * 0.5 - away + 0.5, 0.0, 1.0) * colour.a;
  if (alpha <= 0.0) discard;
  pixel = vec4(colour.rgb * alpha, alpha);
}`;
