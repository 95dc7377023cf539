"""The lecture's script: ordinary Keras, with `convlet` in the place of `keras`."""

import pytest

import children

# What stands above the script: random digits in the place of real ones, and only a few.
DATA = """
import numpy as np
rng = np.random.default_rng(0)
x_train, x_test = rng.random((64, 28, 28, 1)), rng.integers(0, 256, (20, 28, 28, 1), np.uint8)
y_train, y_test = (np.eye(10)[rng.integers(10, size=len(x))] for x in (x_train, x_test))
batch_size, epochs = 32, 2
"""

SCRIPT = """
import keras
from keras.models import Sequential
from keras.layers import Dense, Dropout, Flatten
from keras.layers import Conv2D, MaxPooling2D

model = Sequential()
model.add(Conv2D(32, kernel_size=(3, 3),
                 activation='relu',
                 input_shape=(28, 28, 1)))
model.add(Conv2D(64, (3, 3), activation='relu'))
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Dropout(0.25))
model.add(Flatten())
model.add(Dense(128, activation='relu'))
model.add(Dropout(0.5))
model.add(Dense(10, activation='softmax'))

model.compile(loss=keras.losses.categorical_crossentropy,
              optimizer=keras.optimizers.Adadelta(),
              metrics=['accuracy'])
print(model.summary())

history = model.fit(x_train, y_train,
          batch_size=batch_size,
          epochs=epochs,
          verbose=2,
          validation_data=(x_test, y_test))
score = model.evaluate(x_test, y_test, verbose=0)
print('Test loss:', score[0])
print('Test accuracy:', score[1])
"""

ROWS = [
    ("conv2d (Conv2D)", "(None, 26, 26, 32)", "320"),
    ("conv2d_1 (Conv2D)", "(None, 24, 24, 64)", "18,496"),
    ("max_pooling2d (MaxPooling2D)", "(None, 12, 12, 64)", "0"),
    ("dropout (Dropout)", "(None, 12, 12, 64)", "0"),
    ("flatten (Flatten)", "(None, 9216)", "0"),
    ("dense (Dense)", "(None, 128)", "1,179,776"),
    ("dropout_1 (Dropout)", "(None, 128)", "0"),
    ("dense_1 (Dense)", "(None, 10)", "1,290"),
]


def lecture(script, dropout):
    """The script with other imports, and perhaps without its optional lines."""
    script = script.replace("import keras\n", "import convlet as keras\n")
    script = script.replace("from keras.", "from convlet.")
    lines = [line for line in script.splitlines() if dropout or "add(Dropout" not in line]
    return DATA + "\n".join(lines)


@pytest.mark.parametrize("dropout", [True, False])
def test_script(dropout):
    printed = children.run(lecture(SCRIPT, dropout))
    table, training = printed.split("None\nEpoch 1/2")
    rows = [row for row in ROWS if dropout or "Dropout" not in row[0]]
    found = [
        tuple(cell.strip() for cell in line.strip("│").split("│"))
        for line in table.splitlines()
        if line.startswith("│")
    ]
    assert found == rows
    assert " Total params: 1,199,882 (4.58 MB)\n" in table
    assert [line.split(" ")[0] for line in training.splitlines()] == ["", "Epoch", "Test", "Test"]
    for name in (" loss: ", " accuracy: ", " val_loss: ", " val_accuracy: "):
        assert training.count(name) >= 2


def test_every_name_under_one_import():
    """`import convlet as keras`, and all else as its attributes."""
    children.run("""
        import convlet as keras

        keras.utils.set_random_seed(1)
        x = keras.utils.to_categorical([0, 2, 1, 2], 3).reshape(4, 3, 1, 1)
        model = keras.Sequential([
            keras.Input((3, 1, 1)),
            keras.layers.Conv2D(2, (2, 1), activation=keras.activations.relu,
                                kernel_initializer=keras.initializers.HeNormal()),
            keras.layers.Flatten(),
            keras.layers.Dense(3),
        ])
        model.compile(keras.optimizers.Adam(0.1),
                      keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                      metrics=[keras.metrics.SparseCategoricalAccuracy()])
        history = model.fit(x, [0, 2, 1, 2], epochs=2, verbose=0,
                            callbacks=[keras.callbacks.Callback()])
        assert isinstance(history, keras.callbacks.History)
        assert isinstance(model, keras.models.Sequential)
        assert keras.backend.image_data_format() == "channels_last"
    """)
