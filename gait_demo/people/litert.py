"""Networks in the TensorFlow Lite format, run by LiteRT on the processor."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gait_demo.errors import WeightsError


class LiteNetwork:
    """One image in, a list of arrays out, in the order of the outputs' names."""

    def __init__(self, path: Path, side: int, threads: int):
        """
        Args:
            path: the .tflite file.
            side: side in pixels of the square RGB image that the network takes.
            threads: number of threads.

        Raises:
            WeightsError: the file does not hold such a network.
        """
        from ai_edge_litert.interpreter import Interpreter

        try:
            self._network = Interpreter(str(path), num_threads=threads)
            self._network.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise WeightsError(f"{path} cannot be loaded by LiteRT: {error}") from error
        (image,) = self._network.get_input_details()
        if tuple(image["shape"]) != (1, side, side, 3):
            raise WeightsError(
                f"{path} is another network: expected an input of (1, {side}, {side}, 3), got "
                f"{tuple(image['shape'])}."
            )
        self._image = image["index"]
        outputs = sorted(self._network.get_output_details(), key=lambda output: output["name"])
        self._outputs = [output["index"] for output in outputs]

    def __call__(self, image: np.ndarray) -> list[np.ndarray]:
        """image: (side, side, 3) float32."""
        self._network.set_tensor(self._image, image[None])
        self._network.invoke()
        return [self._network.get_tensor(index)[0] for index in self._outputs]
