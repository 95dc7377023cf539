"""Layers with Keras's names: each a function of an array, with weights and a gradient."""

from convlet.layers._activation import Activation
from convlet.layers._conv import Conv2D
from convlet.layers._dense import Dense
from convlet.layers._dropout import Dropout
from convlet.layers._flatten import Flatten
from convlet.layers._input import Input, InputLayer
from convlet.layers._layer import Layer
from convlet.layers._pooling import AveragePooling2D, AvgPool2D, MaxPool2D, MaxPooling2D
from convlet.layers._pullback import Pullback

Convolution2D = Conv2D

__all__ = [
    "Activation",
    "AveragePooling2D",
    "AvgPool2D",
    "Conv2D",
    "Convolution2D",
    "Dense",
    "Dropout",
    "Flatten",
    "Input",
    "InputLayer",
    "Layer",
    "MaxPool2D",
    "MaxPooling2D",
    "Pullback",
]
