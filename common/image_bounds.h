#pragma once
/*
 * image_bounds: paths of an image that the launcher unpacks; the builder makes
 * no others.
 */
#define IMAGE_DEPTH_MAX 64u /* components of a path */
#define IMAGE_NAME_MAX 4095u /* bytes of a path, or of a link's target */
