// The only way out of the network: subnets without default outbound access leave by this address, which others can allow.

@description('Name of the gateway.')
@maxLength(80)
param name string

@description('Name of its public address.')
@maxLength(80)
param publicIpAddressName string

@description('Region of the gateway.')
param location string

@description('Tags of the gateway.')
param tags { *: string }

resource publicIpAddress 'Microsoft.Network/publicIPAddresses@2025-05-01' = {
  name: publicIpAddressName
  location: location
  tags: tags
  sku: {
    name: 'Standard'
  }
  properties: {
    publicIPAllocationMethod: 'Static'
  }
}

resource natGateway 'Microsoft.Network/natGateways@2025-05-01' = {
  name: name
  location: location
  tags: tags
  // The zone redundant StandardV2 does not serve delegated subnets.
  sku: {
    name: 'Standard'
  }
  properties: {
    publicIpAddresses: [
      {
        id: publicIpAddress.id
      }
    ]
  }
}

@description('Resource id of the gateway.')
output id string = natGateway.id
