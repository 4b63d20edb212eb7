import Networks
import Testing

@testable import Configurations

@Suite struct NetworkFamilyTests {
  private func read(_ yaml: String, imageSize: Int = 32) throws -> Configuration {
    try ConfigurationFile(yaml: "data: {source: shapes}\n" + yaml, path: "c.yaml")
      .resolved(imageSize: imageSize)
  }

  private func problem(_ yaml: String, imageSize: Int = 32) -> String? {
    #expect(throws: (any Error).self) { try read(yaml, imageSize: imageSize) }.map { "\($0)" }
  }

  /// As configurations and checkpoints of earlier versions have it.
  @Test func withoutAFamilyItIsAResNet() throws {
    let configuration = try read("network: {depth: 34}")
    #expect(configuration.network.family == .resnet && configuration.network.title == "ResNet-34 of width 64")
    #expect(configuration.backbone is ResNetConfiguration)
    #expect(configuration.differences(from: try read("network: {family: resnet, depth: 34}")).isEmpty)
  }

  @Test func aVGGIsMadeOfWhatIsWritten() throws {
    let configuration = try read(
      "network: {family: vgg, depth: 13, width: 16, input_size: 48}\ngates: {temperature: 0.5}")
    #expect(configuration.network.title == "VGG-13 of width 16")
    let vgg = try #require(configuration.backbone as? VGGConfiguration)
    #expect(vgg.depth == 13 && vgg.width == 16 && vgg.inputSize == 48)
    #expect(vgg.gated && vgg.gateRule.temperature == 0.5)
    let dense = try read("network: {family: vgg, depth: 11}\ngates: {enabled: false}")
    #expect(dense.backbone.blueprint.gates.isEmpty)
  }

  /// Keys that say something of ResNets alone are not printed, and do not keep a run from going on.
  @Test func keysOfAnotherFamilySayNothing() throws {
    let vgg = "network: {family: vgg, depth: 16"
    let configuration = try read("\(vgg)}")
    #expect(
      configuration.resolvedYAML.contains(
        "\n  family: vgg\n  depth: 16\n  width: 64\n  input_size: 32\n  inner_channels: auto\n"))
    #expect(
      try ConfigurationFile(yaml: configuration.resolvedYAML, path: "c.yaml").resolved(imageSize: 32)
        == configuration)
    let padded = try read("\(vgg), stem: imagenet, stem_padding: 1, zero_init_residual: false}")
    #expect(
      configuration.differences(from: padded).isEmpty && padded.decisiveYAML == configuration.decisiveYAML)
    #expect(
      configuration.differences(from: try read("")).map(\.key) == ["network.family", "network.depth"])
  }

  @Test func groupsOfChannelsDivideThoseOfEveryGate() throws {
    #expect(try read("gates: {group: 16}").backbone.gateRule.group == 16)
    #expect(
      problem("network: {width: 24}\ngates: {group: 16}")
        == "gates.group 16 does not divide the 24 channels of layer1.0.gate: use gates.group 8")
    #expect(
      problem("network: {width: 15}\ngates: {group: 2}")
        == "gates.group 2 does not divide the 15 channels of layer1.0.gate: use gates.group 1")
    #expect(try read("network: {width: 24}\ngates: {enabled: false, group: 16}").groupConflict == nil)
  }

  @Test func channelsWithinBlocksAreReadAndPrinted() throws {
    let configuration = try read("network: {inner_channels: [1, 2, 3, 4, 5, 6, 7, 8]}")
    #expect(configuration.backbone.blueprint.innerChannels == Array(1...8))
    #expect(configuration.decisiveYAML.contains("\n  inner_channels: [1, 2, 3, 4, 5, 6, 7, 8]\n"))
    #expect(
      try ConfigurationFile(yaml: configuration.resolvedYAML, path: "c.yaml").resolved(imageSize: 32)
        == configuration)
    #expect(configuration.network.title == "ResNet-18 of width 64, compact")
    let whole = try read("")
    #expect(whole.backbone.blueprint.innerChannels == [64, 64, 128, 128, 256, 256, 512, 512])
    #expect(
      problem("network: {inner_channels: [1, 2]}")
        == "network.inner_channels has 2 numbers, and a ResNet-18 has 8 convolutions that another one of their block "
        + "reads: give a number for each, or auto")
    #expect(
      problem("network: {inner_channels: [0]}")?.hasPrefix(
        "c.yaml:2: 'network.inner_channels' must be a list of whole numbers from 1 to 8192, ") == true)
  }

  @Test func depthsOfOtherFamiliesAreRefused() {
    #expect(
      problem("network: {family: vgg}")
        == "there is no VGG-18: with network.family vgg, network.depth must be 11, 13, 16 or 19")
    #expect(
      problem("network: {depth: 16}")
        == "there is no ResNet-16: with network.family resnet, network.depth must be 18, 34 or 50")
    #expect(
      problem("network: {family: vg}") == "c.yaml:2: 'network.family' must be resnet or vgg, found 'vg'")
  }

  /// The data decides a size that is not written.
  @Test(arguments: ["", ", input_size: 31"]) func imagesThatVGGsHalveAwayAreRefused(size: String) throws {
    let yaml = "network: {family: vgg, depth: 11\(size)}"
    #expect(
      problem(yaml, imageSize: 31)
        == "a VGG takes images of 32×32 pixels or more, and the network's input is 31×31: "
        + "use network.input_size 32, or another network.family")
    #expect(try read("network: {family: vgg, depth: 11}", imageSize: 33).network.inputSize == 33)
  }
}
