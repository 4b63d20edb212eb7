import Networks

/// A network of width 8 for images as small as it takes, whose blocks do not start as identities.
///
/// - Parameter depth: One that a family of networks has a name for. Families share none.
public func smallNetwork(depth: Int, gated: Bool = true) -> any BackboneConfiguration {
  if VGGConfiguration.depths.contains(depth) {
    var vgg = VGGConfiguration(depth: depth)
    (vgg.width, vgg.gated) = (8, gated)
    return vgg
  }
  var resNet = ResNetConfiguration(depth: depth)
  (resNet.inputSize, resNet.width, resNet.gated, resNet.zeroInitResidual) = (16, 8, gated, false)
  return resNet
}
