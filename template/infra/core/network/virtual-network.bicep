// The network of one region. Its address range cannot change once the environment is in it.

@description('Name of the virtual network.')
@minLength(2)
@maxLength(64)
param name string

@description('Name of the network security group of the Container Apps subnet.')
@maxLength(80)
param containerAppsSecurityGroupName string

@description('Region of the network.')
param location string

@description('Tags of the network.')
param tags { *: string }

@description('Address range of the network.')
var addressPrefix = '10.10.0.0/16'

@description('Room for 2,500 replicas while a revision replaces another; the subnet cannot grow later.')
var containerAppsAddressPrefix = cidrSubnet(addressPrefix, 23, 0)

module containerAppsSecurityGroup 'container-apps-security-group.bicep' = {
  params: {
    name: containerAppsSecurityGroupName
    location: location
    tags: tags
    subnetAddressPrefix: containerAppsAddressPrefix
  }
}

resource virtualNetwork 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: {
      addressPrefixes: [
        addressPrefix
      ]
    }
    subnets: [
      {
        name: 'container-apps'
        properties: {
          addressPrefix: containerAppsAddressPrefix
          networkSecurityGroup: {
            id: containerAppsSecurityGroup.outputs.id
          }
          delegations: [
            {
              name: 'container-apps'
              properties: {
                serviceName: 'Microsoft.App/environments'
              }
            }
          ]
        }
      }
    ]
  }

  resource containerAppsSubnet 'subnets' existing = {
    name: 'container-apps'
  }
}

@description('Resource id of the subnet for the Container Apps environment.')
output containerAppsSubnetId string = virtualNetwork::containerAppsSubnet.id
