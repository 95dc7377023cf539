"""Layers with Keras's names: each a function of an array, with weights and a gradient."""

from convlet.layers._activation import Activation
from convlet.layers._conv import Conv1D, Conv2D, Conv3D
from convlet.layers._dense import Dense
from convlet.layers._dropout import Dropout
from convlet.layers._flatten import Flatten
from convlet.layers._input import Input, InputLayer
from convlet.layers._layer import Layer
from convlet.layers._pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    AvgPool1D,
    AvgPool2D,
    AvgPool3D,
    MaxPool1D,
    MaxPool2D,
    MaxPool3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from convlet.layers._pullback import Pullback

Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D

__all__ = [
    "Activation",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "Conv1D",
    "Conv2D",
    "Conv3D",
    "Convolution1D",
    "Convolution2D",
    "Convolution3D",
    "Dense",
    "Dropout",
    "Flatten",
    "Input",
    "InputLayer",
    "Layer",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "Pullback",
]
