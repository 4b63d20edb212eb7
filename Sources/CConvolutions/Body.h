// What is compiled once for every instruction set, in a namespace of its own: see Bodies.cpp.
#include "Products.h"
#include "OpenProducts.h"
#include "Transforms.h"
#include "Winograd.h"
#include "WinogradWeights.h"
#include "Direct.h"
#include "Images.h"
#include "Matrices.h"
