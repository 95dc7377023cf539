"""Layers with Keras's names: each a function of an array, with weights and a gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convlet._lazy import lazily

if TYPE_CHECKING:
    from convlet.layers._activation import Activation as Activation
    from convlet.layers._activity_regularization import (
        ActivityRegularization as ActivityRegularization,
    )
    from convlet.layers._batch_normalization import BatchNormalization as BatchNormalization
    from convlet.layers._concatenate import Concatenate as Concatenate
    from convlet.layers._concatenate import add as add
    from convlet.layers._concatenate import average as average
    from convlet.layers._concatenate import concatenate as concatenate
    from convlet.layers._concatenate import maximum as maximum
    from convlet.layers._concatenate import minimum as minimum
    from convlet.layers._concatenate import multiply as multiply
    from convlet.layers._concatenate import subtract as subtract
    from convlet.layers._conv import Conv1D as Conv1D
    from convlet.layers._conv import Conv2D as Conv2D
    from convlet.layers._conv import Conv3D as Conv3D
    from convlet.layers._conv import Convolution1D as Convolution1D
    from convlet.layers._conv import Convolution2D as Convolution2D
    from convlet.layers._conv import Convolution3D as Convolution3D
    from convlet.layers._conv_transpose import Conv1DTranspose as Conv1DTranspose
    from convlet.layers._conv_transpose import Conv2DTranspose as Conv2DTranspose
    from convlet.layers._conv_transpose import Conv3DTranspose as Conv3DTranspose
    from convlet.layers._conv_transpose import Convolution1DTranspose as Convolution1DTranspose
    from convlet.layers._conv_transpose import Convolution2DTranspose as Convolution2DTranspose
    from convlet.layers._conv_transpose import Convolution3DTranspose as Convolution3DTranspose
    from convlet.layers._crops import CenterCrop as CenterCrop
    from convlet.layers._crops import RandomCrop as RandomCrop
    from convlet.layers._data_normalization import Normalization as Normalization
    from convlet.layers._dense import Dense as Dense
    from convlet.layers._depthwise_conv import DepthwiseConv1D as DepthwiseConv1D
    from convlet.layers._depthwise_conv import DepthwiseConv2D as DepthwiseConv2D
    from convlet.layers._depthwise_conv import SeparableConv1D as SeparableConv1D
    from convlet.layers._depthwise_conv import SeparableConv2D as SeparableConv2D
    from convlet.layers._depthwise_conv import SeparableConvolution1D as SeparableConvolution1D
    from convlet.layers._depthwise_conv import SeparableConvolution2D as SeparableConvolution2D
    from convlet.layers._dot import Dot as Dot
    from convlet.layers._dot import dot as dot
    from convlet.layers._dropout import Dropout as Dropout
    from convlet.layers._extremum import Maximum as Maximum
    from convlet.layers._extremum import Minimum as Minimum
    from convlet.layers._flatten import Flatten as Flatten
    from convlet.layers._gaussian_noise import GaussianNoise as GaussianNoise
    from convlet.layers._global_pooling import AdaptiveAveragePooling1D as AdaptiveAveragePooling1D
    from convlet.layers._global_pooling import AdaptiveAveragePooling2D as AdaptiveAveragePooling2D
    from convlet.layers._global_pooling import AdaptiveAveragePooling3D as AdaptiveAveragePooling3D
    from convlet.layers._global_pooling import AdaptiveMaxPooling1D as AdaptiveMaxPooling1D
    from convlet.layers._global_pooling import AdaptiveMaxPooling2D as AdaptiveMaxPooling2D
    from convlet.layers._global_pooling import AdaptiveMaxPooling3D as AdaptiveMaxPooling3D
    from convlet.layers._global_pooling import GlobalAveragePooling1D as GlobalAveragePooling1D
    from convlet.layers._global_pooling import GlobalAveragePooling2D as GlobalAveragePooling2D
    from convlet.layers._global_pooling import GlobalAveragePooling3D as GlobalAveragePooling3D
    from convlet.layers._global_pooling import GlobalAvgPool1D as GlobalAvgPool1D
    from convlet.layers._global_pooling import GlobalAvgPool2D as GlobalAvgPool2D
    from convlet.layers._global_pooling import GlobalAvgPool3D as GlobalAvgPool3D
    from convlet.layers._global_pooling import GlobalMaxPool1D as GlobalMaxPool1D
    from convlet.layers._global_pooling import GlobalMaxPool2D as GlobalMaxPool2D
    from convlet.layers._global_pooling import GlobalMaxPool3D as GlobalMaxPool3D
    from convlet.layers._global_pooling import GlobalMaxPooling1D as GlobalMaxPooling1D
    from convlet.layers._global_pooling import GlobalMaxPooling2D as GlobalMaxPooling2D
    from convlet.layers._global_pooling import GlobalMaxPooling3D as GlobalMaxPooling3D
    from convlet.layers._input import Input as Input
    from convlet.layers._input import InputLayer as InputLayer
    from convlet.layers._layer import Layer as Layer
    from convlet.layers._layer_normalization import GroupNormalization as GroupNormalization
    from convlet.layers._layer_normalization import LayerNormalization as LayerNormalization
    from convlet.layers._merging import Add as Add
    from convlet.layers._merging import Average as Average
    from convlet.layers._merging import Multiply as Multiply
    from convlet.layers._merging import Subtract as Subtract
    from convlet.layers._padding import Cropping1D as Cropping1D
    from convlet.layers._padding import Cropping2D as Cropping2D
    from convlet.layers._padding import Cropping3D as Cropping3D
    from convlet.layers._padding import ZeroPadding1D as ZeroPadding1D
    from convlet.layers._padding import ZeroPadding2D as ZeroPadding2D
    from convlet.layers._padding import ZeroPadding3D as ZeroPadding3D
    from convlet.layers._pooling import AveragePooling1D as AveragePooling1D
    from convlet.layers._pooling import AveragePooling2D as AveragePooling2D
    from convlet.layers._pooling import AveragePooling3D as AveragePooling3D
    from convlet.layers._pooling import AvgPool1D as AvgPool1D
    from convlet.layers._pooling import AvgPool2D as AvgPool2D
    from convlet.layers._pooling import AvgPool3D as AvgPool3D
    from convlet.layers._pooling import MaxPool1D as MaxPool1D
    from convlet.layers._pooling import MaxPool2D as MaxPool2D
    from convlet.layers._pooling import MaxPool3D as MaxPool3D
    from convlet.layers._pooling import MaxPooling1D as MaxPooling1D
    from convlet.layers._pooling import MaxPooling2D as MaxPooling2D
    from convlet.layers._pooling import MaxPooling3D as MaxPooling3D
    from convlet.layers._prelu import PReLU as PReLU
    from convlet.layers._pullback import Pullback as Pullback
    from convlet.layers._random_colors import RandomBrightness as RandomBrightness
    from convlet.layers._random_colors import RandomContrast as RandomContrast
    from convlet.layers._random_flip import RandomFlip as RandomFlip
    from convlet.layers._random_rotation import RandomRotation as RandomRotation
    from convlet.layers._random_zoom import RandomTranslation as RandomTranslation
    from convlet.layers._random_zoom import RandomZoom as RandomZoom
    from convlet.layers._rectifiers import ELU as ELU
    from convlet.layers._rectifiers import LeakyReLU as LeakyReLU
    from convlet.layers._rectifiers import ReLU as ReLU
    from convlet.layers._rescaling import Rescaling as Rescaling
    from convlet.layers._reshape import Reshape as Reshape
    from convlet.layers._reshaping import Permute as Permute
    from convlet.layers._reshaping import RepeatVector as RepeatVector
    from convlet.layers._softmax import Softmax as Softmax
    from convlet.layers._spatial_dropout import SpatialDropout1D as SpatialDropout1D
    from convlet.layers._spatial_dropout import SpatialDropout2D as SpatialDropout2D
    from convlet.layers._spatial_dropout import SpatialDropout3D as SpatialDropout3D
    from convlet.layers._symbolic import KerasTensor as KerasTensor
    from convlet.layers._upsampling import UpSampling1D as UpSampling1D
    from convlet.layers._upsampling import UpSampling2D as UpSampling2D
    from convlet.layers._upsampling import UpSampling3D as UpSampling3D
else:
    __getattr__, __dir__, __all__ = lazily(
        __name__,
        {
            "_activation": ("Activation",),
            "_activity_regularization": ("ActivityRegularization",),
            "_batch_normalization": ("BatchNormalization",),
            "_concatenate": (
                "Concatenate",
                "add",
                "average",
                "concatenate",
                "maximum",
                "minimum",
                "multiply",
                "subtract",
            ),
            "_conv": (
                "Conv1D",
                "Conv2D",
                "Conv3D",
                "Convolution1D",
                "Convolution2D",
                "Convolution3D",
            ),
            "_conv_transpose": (
                "Conv1DTranspose",
                "Conv2DTranspose",
                "Conv3DTranspose",
                "Convolution1DTranspose",
                "Convolution2DTranspose",
                "Convolution3DTranspose",
            ),
            "_crops": (
                "CenterCrop",
                "RandomCrop",
            ),
            "_data_normalization": ("Normalization",),
            "_dense": ("Dense",),
            "_depthwise_conv": (
                "DepthwiseConv1D",
                "DepthwiseConv2D",
                "SeparableConv1D",
                "SeparableConv2D",
                "SeparableConvolution1D",
                "SeparableConvolution2D",
            ),
            "_dot": (
                "Dot",
                "dot",
            ),
            "_dropout": ("Dropout",),
            "_extremum": (
                "Maximum",
                "Minimum",
            ),
            "_flatten": ("Flatten",),
            "_gaussian_noise": ("GaussianNoise",),
            "_global_pooling": (
                "AdaptiveAveragePooling1D",
                "AdaptiveAveragePooling2D",
                "AdaptiveAveragePooling3D",
                "AdaptiveMaxPooling1D",
                "AdaptiveMaxPooling2D",
                "AdaptiveMaxPooling3D",
                "GlobalAveragePooling1D",
                "GlobalAveragePooling2D",
                "GlobalAveragePooling3D",
                "GlobalAvgPool1D",
                "GlobalAvgPool2D",
                "GlobalAvgPool3D",
                "GlobalMaxPool1D",
                "GlobalMaxPool2D",
                "GlobalMaxPool3D",
                "GlobalMaxPooling1D",
                "GlobalMaxPooling2D",
                "GlobalMaxPooling3D",
            ),
            "_input": (
                "Input",
                "InputLayer",
            ),
            "_layer": ("Layer",),
            "_layer_normalization": (
                "GroupNormalization",
                "LayerNormalization",
            ),
            "_merging": (
                "Add",
                "Average",
                "Multiply",
                "Subtract",
            ),
            "_padding": (
                "Cropping1D",
                "Cropping2D",
                "Cropping3D",
                "ZeroPadding1D",
                "ZeroPadding2D",
                "ZeroPadding3D",
            ),
            "_pooling": (
                "AveragePooling1D",
                "AveragePooling2D",
                "AveragePooling3D",
                "AvgPool1D",
                "AvgPool2D",
                "AvgPool3D",
                "MaxPool1D",
                "MaxPool2D",
                "MaxPool3D",
                "MaxPooling1D",
                "MaxPooling2D",
                "MaxPooling3D",
            ),
            "_prelu": ("PReLU",),
            "_pullback": ("Pullback",),
            "_random_colors": (
                "RandomBrightness",
                "RandomContrast",
            ),
            "_random_flip": ("RandomFlip",),
            "_random_rotation": ("RandomRotation",),
            "_random_zoom": (
                "RandomTranslation",
                "RandomZoom",
            ),
            "_rectifiers": (
                "ELU",
                "LeakyReLU",
                "ReLU",
            ),
            "_rescaling": ("Rescaling",),
            "_reshape": ("Reshape",),
            "_reshaping": ("Permute", "RepeatVector"),
            "_softmax": ("Softmax",),
            "_spatial_dropout": (
                "SpatialDropout1D",
                "SpatialDropout2D",
                "SpatialDropout3D",
            ),
            "_symbolic": ("KerasTensor",),
            "_upsampling": (
                "UpSampling1D",
                "UpSampling2D",
                "UpSampling3D",
            ),
        },
    )
