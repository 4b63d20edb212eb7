import CVector
import COneDNN
import COpenBLAS

// What the numerical libraries say of themselves. The C calls that are made to find out end here.
extension Environment.BLAS {
  /// The library that is linked.
  static var linked: Self {
    let words = String(cString: openblas_configuration()).split(separator: " ")
    return Self(library: words.prefix(2).joined(separator: " "), core: String(cString: openblas_core()))
  }
}

extension Environment.OneDNN {
  /// The library that is linked.
  static var linked: Self {
    var (major, minor, patch): (Int32, Int32, Int32) = (0, 0, 0)
    onednn_version(&major, &minor, &patch)
    return Self(
      version: "\(major).\(minor).\(patch)", winograd: hasWinograd,
      instructionSet: String(cString: onednn_instruction_set()))
  }

  /// Asks for a convolution as ResNets have most of, because having the algorithm's name is not having it.
  private static var hasWinograd: Bool? {
    let lanes = vector_preferred_lanes()
    var shape = onednn_shape(
      images: 32, images_in_call: 32, in_channels: 64, in_height: 32, in_width: 32, out_channels: 64,
      kernel: 3, stride: 1,
      padding: 1, in_lanes: lanes, lanes: lanes)
    var made: OpaquePointer?
    guard onednn_convolution_create(&made, &shape, ONEDNN_FORWARD, ONEDNN_WINOGRAD) == 0, let made else {
      return nil
    }
    defer { onednn_convolution_destroy(made) }
    return onednn_convolution_algorithm(made) == ONEDNN_WINOGRAD
  }
}

extension Environment.CPU {
  /// What Sluice's own kernels were compiled for and chose at the start.
  static var ownKernels: (instructionSet: String, channelBlock: Int) {
    (String(cString: vector_instruction_set()), Int(vector_preferred_lanes()))
  }
}
