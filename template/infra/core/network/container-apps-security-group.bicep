// What may pass the subnet of the Container Apps environment.

@description('Name of the network security group.')
@maxLength(80)
param name string

@description('Region of the network security group.')
param location string

@description('Tags of the network security group.')
param tags { *: string }

@description('Address range of the subnet.')
param subnetAddressPrefix string

resource securityGroup 'Microsoft.Network/networkSecurityGroups@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        name: 'AllowHttpsInbound'
        properties: {
          description: 'Clients of the gateway; 31443 is where the edge proxy of the environment listens.'
          priority: 100
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: 'Internet'
          sourcePortRange: '*'
          destinationAddressPrefix: subnetAddressPrefix
          destinationPortRanges: [
            '443'
            '31443'
          ]
        }
      }
      {
        name: 'AllowLoadBalancerProbesInbound'
        properties: {
          description: 'Health probes of the load balancer of the environment.'
          priority: 110
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: 'AzureLoadBalancer'
          sourcePortRange: '*'
          destinationAddressPrefix: subnetAddressPrefix
          destinationPortRange: '30000-32767'
        }
      }
      {
        name: 'AllowSubnetInbound'
        properties: {
          description: 'Traffic between the replicas of the environment.'
          priority: 120
          direction: 'Inbound'
          access: 'Allow'
          protocol: '*'
          sourceAddressPrefix: subnetAddressPrefix
          sourcePortRange: '*'
          destinationAddressPrefix: subnetAddressPrefix
          destinationPortRange: '*'
        }
      }
      {
        name: 'DenyAllInbound'
        properties: {
          description: 'Nothing else comes in.'
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
        name: 'AllowAzureHttpsOutbound'
        properties: {
          description: 'AI services, container registry and its storage, telemetry.'
          priority: 100
          direction: 'Outbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: subnetAddressPrefix
          sourcePortRange: '*'
          destinationAddressPrefix: 'AzureCloud'
          destinationPortRange: '443'
        }
      }
      {
        name: 'AllowMicrosoftRegistryOutbound'
        properties: {
          description: 'Base images of Microsoft: their registry delivers layers through Front Door.'
          priority: 110
          direction: 'Outbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: subnetAddressPrefix
          sourcePortRange: '*'
          destinationAddressPrefix: 'AzureFrontDoor.FirstParty'
          destinationPortRange: '443'
        }
      }
      {
        name: 'AllowEntraOutbound'
        properties: {
          description: 'Tokens of the managed identities.'
          priority: 120
          direction: 'Outbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: subnetAddressPrefix
          sourcePortRange: '*'
          destinationAddressPrefix: 'AzureActiveDirectory'
          destinationPortRange: '443'
        }
      }
      {
        name: 'DenyInternetOutbound'
        properties: {
          description: 'No workload calls anything outside Azure: a service that must gets a rule of its own.'
          priority: 4096
          direction: 'Outbound'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: '*'
          sourcePortRange: '*'
          destinationAddressPrefix: 'Internet'
          destinationPortRange: '*'
        }
      }
    ]
  }
}

@description('Resource id of the network security group.')
output id string = securityGroup.id
