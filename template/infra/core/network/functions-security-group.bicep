// What may pass the subnet through which the functions call.

@description('Name of the network security group.')
@maxLength(80)
param name string

@description('Region of the network security group.')
param location string

@description('Tags of the network security group.')
param tags { *: string }

@description('Address range of the subnet.')
param subnetAddressPrefix string

@description('Address range of the private endpoints.')
param privateEndpointsAddressPrefix string

resource securityGroup 'Microsoft.Network/networkSecurityGroups@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        name: 'DenyAllInbound'
        properties: {
          description: 'Nothing comes in: requests reach a function app beside the network.'
          priority: 4096
          direction: 'Inbound'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: '*'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
      {
        name: 'AllowPrivateEndpointsOutbound'
        properties: {
          description: 'AI services, storage, queues and event hubs; 5671 is AMQP.'
          priority: 100
          direction: 'Outbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: subnetAddressPrefix
          sourcePortRange: '*'
          destinationAddressPrefix: privateEndpointsAddressPrefix
          destinationPortRanges: [
            '443'
            '5671'
          ]
        }
      }
      {
        name: 'AllowHttpsOutbound'
        properties: {
          description: 'Entra ID, telemetry, and the packages of a build in Azure.'
          priority: 110
          direction: 'Outbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: subnetAddressPrefix
          sourcePortRange: '*'
          destinationAddressPrefix: 'Internet'
          destinationPortRange: '443'
        }
      }
      {
        name: 'AllowDnsOutbound'
        properties: {
          description: 'Names, asked of Azure.'
          priority: 120
          direction: 'Outbound'
          access: 'Allow'
          protocol: '*'
          sourceAddressPrefix: subnetAddressPrefix
          sourcePortRange: '*'
          destinationAddressPrefix: '168.63.129.16'
          destinationPortRange: '53'
        }
      }
      {
        name: 'DenyAllOutbound'
        properties: {
          description: 'Nothing else goes out.'
          priority: 4096
          direction: 'Outbound'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: '*'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
    ]
  }
}

@description('Resource id of the network security group.')
output id string = securityGroup.id
